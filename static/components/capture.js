/* The script of the writing page (STATIC_BUNDLES). A draft loses nothing: saved every five seconds, kept on this device while the line is down, and one key leads on.
   The address of [data-autosave] answers JSON: {"version": 4, "saved_at": "10:32"}, or {"message": "…"} and a 4xx.
   Without this file the form works the same, by its own buttons. Character counters are site.js's. */
import "./site.js";

const EVERY = 5000;
const form = document.querySelector("form[data-capture]");
const version = form.elements.namedItem("version");
const key = `manabi-draft-${form.dataset.capture}`;
const box = document.querySelector("[data-save-state]");
const phone = matchMedia("(width < 48rem)");
const ASK = "この端末に、前に送れなかった文が残っています。今の下書きのかわりに、この画面に戻しますか。";
const LOST = "つながりません。書いた内容はこの端末に残っています";
const RELOAD = "保存できません。書いた内容はこの端末に残っています。この画面を開き直してください";
const WEEK = 7 * 24 * 3600 * 1000;

const typed = () => {
  const fields = [...new FormData(form)].filter(([name]) => name !== "version" && name !== "csrfmiddlewaretoken");
  return new URLSearchParams(fields).toString();
};
const say = (look, words) => {
  box.className = `kb-save-state kb-save-state--${look}`;
  const place = box.querySelector("[data-save-text]");
  if (place.textContent !== words) place.textContent = words;
};

/* --- Kept on this device until the server has it ---------------------------------------------- */

/* A full or closed store is no error: the screen still holds the text, and leaving warns. */
const store = (use) => {
  try {
    return use(localStorage);
  } catch {
    return null;
  }
};
const remember = (text) => store((kept) => kept.setItem(key, JSON.stringify({ version: version.value, text, at: Date.now() })));
const forget = () => store((kept) => kept.removeItem(key));

/* What was published meanwhile has no use for it any more. */
store((kept) => {
  for (const name of Object.keys(kept).filter((name) => name.startsWith("manabi-draft-")))
    if (name !== key && Date.now() - JSON.parse(kept.getItem(name)).at > WEEK) kept.removeItem(name);
});

/* What this device kept goes back into the fields; where another window has saved since, only after asking. */
const restore = () => {
  const left = store((kept) => JSON.parse(kept.getItem(key)));
  if (!left || left.text === typed() || document.querySelector(".kb-error-summary")) return forget();
  if (left.version !== version.value && !confirm(ASK)) return forget();
  const values = new URLSearchParams(left.text);
  for (const field of form.elements) {
    if (!field.name || ["hidden", "submit"].includes(field.type)) continue;
    if (["checkbox", "radio"].includes(field.type)) field.checked = values.getAll(field.name).includes(field.value);
    else if (values.has(field.name)) field.value = values.get(field.name);
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }
  say("offline", "前に送れなかった文を、この画面に戻しました");
};

/* --- Saving ------------------------------------------------------------------------------------ */

let stopped = "refused" in form.dataset; // the server has not taken what this page shows: only a press sends it again
let kept = stopped ? null : typed();
let busy = null;
let pressed = false;

const send = async (text) => {
  const body = new URLSearchParams(text);
  body.set("version", version.value);
  body.set("csrfmiddlewaretoken", form.elements.namedItem("csrfmiddlewaretoken").value);
  const options = { method: "POST", body, redirect: "error", keepalive: text.length < 60000 };
  const answer = await fetch(form.dataset.autosave, options).catch(() => null);
  if (!answer) return say("offline", LOST);
  const said = await answer.json().catch(() => ({}));
  if (!answer.ok) {
    stopped = answer.status === 409;
    return say("offline", said.message || RELOAD);
  }
  kept = text;
  version.value = said.version;
  if (typed() === kept) forget();
  say("saved", `保存しました ${said.saved_at}`);
};

const save = () => {
  const text = typed();
  if (busy || stopped || text === kept) return busy;
  remember(text);
  say("saving", "保存しています…");
  busy = send(text).finally(() => (busy = null));
  return busy;
};

restore();
setInterval(save, EVERY);
addEventListener("online", save);
document.addEventListener("visibilitychange", () => document.hidden && save());
form.addEventListener("input", () => typed() !== kept && remember(typed()));
addEventListener("beforeunload", (event) => !pressed && typed() !== kept && event.preventDefault());

/* A press waits for the save under way, so that it does not meet its own newer version; a second press is none. */
form.addEventListener("submit", async (event) => {
  if (pressed || busy) event.preventDefault();
  if (pressed) return;
  pressed = stopped = true;
  setTimeout(() => (pressed = stopped = false), 2 * EVERY);
  if (!busy) return;
  await busy;
  pressed = false;
  form.requestSubmit(event.submitter);
});
/* Back from the next page: the buttons must work again. */
addEventListener("pageshow", (event) => event.persisted && location.reload());

/* --- Keys -------------------------------------------------------------------------------------- */

const screens = [...form.querySelectorAll("[data-screen]")];
const control = (screen) => screen?.querySelector("textarea, input:not([type=hidden]), select");

/* To the next prompt: its screen on a phone, its field on a desk. */
const onward = (from) => {
  const here = from.closest("[data-screen]");
  const link = here?.querySelector("[data-way=next]");
  if (link && phone.matches) return link.click();
  control(screens[screens.indexOf(here) + 1])?.focus();
};
form.addEventListener("keydown", (event) => {
  if (event.key !== "Enter") return;
  const field = event.target;
  const line = field.matches("input:not([type=submit])");
  if (event.isComposing || event.keyCode === 229) return void (line && event.preventDefault()); // it ends a conversion
  if (line || event.ctrlKey || event.metaKey) {
    event.preventDefault();
    if (field.matches("textarea, input")) onward(field);
  }
});

/* A phone's keyboard covers the lower end of the page: the way on stands above it. */
visualViewport?.addEventListener("resize", () => {
  const covered = Math.max(0, Math.round(innerHeight - visualViewport.height - visualViewport.offsetTop));
  form.style.setProperty("--kb-keyboard", visualViewport.scale > 1 ? "0px" : `${covered}px`);
});

/* Phones open the keyboard only for a focus that a press asked for. */
form.addEventListener("click", (event) => {
  const link = event.target.closest("[data-way]");
  if (link) requestAnimationFrame(() => document.getElementById(link.hash.slice(1))?.focus({ preventScroll: true }));
});
