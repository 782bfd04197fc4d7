/* The script of every page (STATIC_BUNDLES). Each part is an addition: without this file everything still works. */
import "./suggest.js";
import "./running.js";

const all = (selector) => document.querySelectorAll(selector);

/* Menus (<details data-menu>) close by Esc and by a press elsewhere. */
for (const menu of all("details[data-menu]")) {
  const close = (focus) => {
    if (!menu.open) return;
    menu.open = false;
    if (focus) menu.querySelector("summary").focus();
  };
  menu.addEventListener("keydown", (event) => event.key === "Escape" && close(true));
  document.addEventListener("click", (event) => !menu.contains(event.target) && close(false));
}

/* A form that came back: the list of what must be put right comes first. */
document.querySelector("[data-focus-first]")?.focus();

for (const button of all("[data-message-close]")) {
  button.hidden = false;
  button.addEventListener("click", () => button.closest("[data-message]").remove());
}

/* Counts characters as people do, and speaks up only near the end. */
for (const counter of all("[data-counter]")) {
  const field = document.getElementById(counter.dataset.counter);
  const limit = Number(counter.dataset.limit);
  if (!field || !limit) continue;
  const words = counter.querySelector("[data-counter-text]");
  const count = () => {
    const left = limit - [...field.value.normalize("NFC")].length;
    if (left <= 20) counter.setAttribute("role", "status");
    counter.classList.toggle("kb-counter--over", left < 0);
    words.textContent = left < 0 ? `${-left}文字多いです（${limit}文字まで）` : `あと${left}文字（${limit}文字まで）`;
  };
  field.addEventListener("input", count);
  if (field.value) count();
}

/* The permalink by one press; on plain http the browser offers only the older way. */
const copyText = async (source) => {
  if (navigator.clipboard && window.isSecureContext) return navigator.clipboard.writeText(source.textContent.trim());
  getSelection().selectAllChildren(source);
  if (!document.execCommand("copy")) throw new Error("copy refused");
};
for (const button of all("[data-copy]")) {
  const box = button.parentElement;
  const label = button.querySelector("[data-copy-label]");
  const before = label.textContent;
  button.hidden = false;
  button.addEventListener("click", async () => {
    const said = await copyText(box.querySelector("[data-copy-text]")).then(
      () => "コピーしました",
      () => "コピーできません。アドレスを選んで写してください",
    );
    label.textContent = said;
    box.querySelector("[data-copy-status]").textContent = said;
    setTimeout(() => (label.textContent = before), 3000);
  });
}

/* The paper says when it was printed, not when the page was opened. */
addEventListener("beforeprint", () => {
  const form = { dateStyle: "long", timeStyle: "short", timeZone: "Asia/Tokyo" };
  const now = new Intl.DateTimeFormat("ja-JP-u-ca-japanese", form).format(new Date());
  for (const place of all("[data-print-time]")) place.textContent = now;
});
