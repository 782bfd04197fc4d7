/* One prompt a screen on a phone. Without this file, and on a desk, the prompts stand one below the other.
   Every [data-prompt] inside [data-prompts] is a screen: give the last one the audience and the button to publish. */
const phone = matchMedia("(width < 48rem)");

for (const root of document.querySelectorAll("[data-prompts]")) {
  const prompts = [...root.querySelectorAll("[data-prompt]")];
  const nav = root.parentElement.querySelector("[data-prompt-nav]");
  if (prompts.length < 2 || !nav) continue;
  const [back, onward] = ["previous", "next"].map((way) => nav.querySelector(`[data-prompt-${way}]`));
  const dots = nav.querySelector("[data-prompt-dots]");
  const where = nav.querySelector("[data-prompt-where]");
  const answer = (prompt) => prompt.querySelector(".kb-prompt__control :is(textarea, input, select)");
  const empty = (prompt) => answer(prompt)?.value.trim() === "";
  let here = 0;

  dots.replaceChildren(...prompts.map(() => document.createElement("span")));

  const show = (number, focus) => {
    here = Math.min(Math.max(number, 0), prompts.length - 1);
    prompts.forEach((prompt, n) => {
      prompt.classList.toggle("kb-prompt--shown", n === here);
      const filled = answer(prompt) && !empty(prompt);
      const look = n === here ? " kb-prompt-nav__dot--here" : filled ? " kb-prompt-nav__dot--filled" : "";
      dots.children[n].className = `kb-prompt-nav__dot${look}`;
    });
    where.textContent = `${prompts.length}の画面の${here + 1}つ目`;
    back.classList.toggle("kb-hold", here === 0);
    onward.classList.toggle("kb-hold", here === prompts.length - 1);
    if (!focus) return;
    root.scrollIntoView({ block: "start" });
    answer(prompts[here])?.focus({ preventScroll: true });
  };

  const lay = () => {
    root.classList.toggle("kb-prompts--paged", phone.matches);
    nav.hidden = !phone.matches;
    show(here, false);
  };

  /* A link of the error summary leads to the screen its field is on. */
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.('a[href^="#"]');
    const target = link && phone.matches && document.getElementById(link.hash.slice(1));
    const number = target ? prompts.findIndex((prompt) => prompt.contains(target)) : -1;
    if (number < 0) return;
    show(number, false);
    target.focus();
  });

  /* Enter in a one-line answer turns the page: it must not publish. */
  root.addEventListener("keydown", (event) => {
    const oneLine = event.target.matches("input:not([type=checkbox], [type=radio])");
    if (event.key !== "Enter" || event.isComposing || !oneLine) return;
    event.preventDefault();
    if (phone.matches) show(here + 1, true);
  });

  back.addEventListener("click", () => show(here - 1, true));
  onward.addEventListener("click", () => show(here + 1, true));
  phone.addEventListener("change", lay);

  const wrong = prompts.findIndex((prompt) => prompt.querySelector("[aria-invalid=true], .kb-field--error"));
  const next = prompts.findIndex(empty);
  here = wrong >= 0 ? wrong : next >= 0 ? next : prompts.length - 1;
  lay();
}
