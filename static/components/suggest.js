/* What might be meant, while one types. Without this file the box is a plain form.
   An input method keeps its own keys: until it has finished, arrows and Enter are not ours. */
const WAIT = 120;

for (const input of document.querySelectorAll("[data-suggest]")) {
  const list = document.createElement("ul");
  list.id = `${input.id}-suggestions`;
  list.className = "kb-suggestions";
  list.hidden = true;
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", "候補");
  input.after(list);
  for (const [name, value] of Object.entries({ role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": list.id }))
    input.setAttribute(name, value);

  let timer, asked, active = -1;
  const options = () => [...list.children];

  const mark = (place) => {
    active = place;
    for (const [n, option] of options().entries()) option.setAttribute("aria-selected", String(n === place));
    if (place < 0) input.removeAttribute("aria-activedescendant");
    else input.setAttribute("aria-activedescendant", options()[place].id);
  };
  const show = (open) => {
    list.hidden = !open;
    input.setAttribute("aria-expanded", String(open));
    if (!open) mark(-1);
  };
  const fill = ([, labels, kinds, addresses]) => {
    list.replaceChildren(
      ...labels.map((label, n) => {
        const option = document.createElement("li");
        const kind = document.createElement("span");
        option.id = `${list.id}-${n}`;
        option.setAttribute("role", "option");
        option.dataset.address = addresses[n];
        kind.textContent = kinds[n];
        option.append(label, kind);
        return option;
      }),
    );
    show(labels.length > 0 && document.activeElement === input);
  };
  const ask = async () => {
    asked?.abort();
    if (!input.value.trim()) return show(false);
    asked = new AbortController();
    try {
      const answer = await fetch(`${input.dataset.suggest}?q=${encodeURIComponent(input.value)}`, { signal: asked.signal });
      if (answer.ok) fill(await answer.json());
    } catch {
      /* A newer question, or no line: the box itself goes on working. */
    }
  };

  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(ask, WAIT);
  });
  input.addEventListener("keydown", (event) => {
    if (event.isComposing || event.keyCode === 229 || list.hidden) return;
    const last = options().length - 1;
    if (event.key === "ArrowDown") mark(active === last ? -1 : active + 1);
    else if (event.key === "ArrowUp") mark(active < 0 ? last : active - 1);
    else if (event.key === "Escape") show(false);
    else if (event.key === "Enter" && active >= 0) location.assign(options()[active].dataset.address);
    else return;
    event.preventDefault();
  });
  list.addEventListener("mousedown", (event) => event.preventDefault()); // the box keeps the focus
  list.addEventListener("click", (event) => {
    const option = event.target.closest("[role=option]");
    if (option) location.assign(option.dataset.address);
  });
  input.addEventListener("blur", () => show(false));
}
