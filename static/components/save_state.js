/* Autosave: <form data-autosave="address"> with a hidden "version" and a save_state.html somewhere on the page.
   Sends the whole form at most every five seconds, only when something changed; a dropped line is tried again.
   The address answers JSON: {"version": 4, "saved_at": "10:32"}; refusals (409 and others): {"message": "…"}. */
"use strict";

const EVERY = 5000;

for (const form of document.querySelectorAll("form[data-autosave]")) {
  const state = document.querySelector("[data-save-state]");
  const version = form.elements.namedItem("version");
  const typed = () => new URLSearchParams([...new FormData(form)].filter(([name, v]) => name !== "version" && typeof v === "string"));
  let kept = typed().toString();
  let busy = false;
  let stopped = false;

  const say = (look, words) => {
    if (!state) return;
    state.className = `kb-save-state kb-save-state--${look}`;
    state.querySelector("[data-save-text]").textContent = words;
  };

  const save = async () => {
    const body = typed();
    const now = body.toString();
    if (busy || stopped || now === kept) return;
    busy = true;
    say("saving", "保存しています…");
    if (version) body.set("version", version.value);
    try {
      const answer = await fetch(form.dataset.autosave, { method: "POST", body, headers: { Accept: "application/json" } });
      const said = await answer.json();
      if (answer.ok) {
        kept = now;
        if (version && said.version !== undefined) version.value = said.version;
        say("saved", `保存しました ${said.saved_at}`);
      } else {
        stopped = answer.status === 409;
        say("offline", said.message || "保存できません。書いた内容はこの画面に残っています");
      }
    } catch {
      say("offline", "つながりません。書いた内容はこの画面に残っています");
    }
    busy = false;
  };

  setInterval(save, EVERY);
  addEventListener("online", save);
  document.addEventListener("visibilitychange", () => document.hidden && save());
  form.addEventListener("submit", () => (stopped = true));
  addEventListener("beforeunload", (event) => {
    if (!stopped && typed().toString() !== kept) event.preventDefault();
  });
}
