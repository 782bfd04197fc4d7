/* Autosave: <form data-autosave="address"> with a hidden "version" and a save_state.html somewhere on the page.
   Sends the whole form at most every five seconds, only when something changed; a dropped line is tried again.
   The address answers JSON: {"version": 4, "saved_at": "10:32"}; refusals (409 and others): {"message": "…"}.
   What could not be sent waits in this tab's own storage, and comes back when the page is opened again. */
const EVERY = 5000;
const OWN = ["version", "csrfmiddlewaretoken"];

for (const form of document.querySelectorAll("form[data-autosave]")) {
  const state = document.querySelector("[data-save-state]");
  const version = form.elements.namedItem("version");
  const place = `manabi:${form.dataset.autosave}`;
  const typed = () => {
    const words = [...new FormData(form)].filter(([name, value]) => !OWN.includes(name) && typeof value === "string");
    return new URLSearchParams(words).toString();
  };
  let kept = typed();
  let busy = false;
  let stopped = false;

  const say = (look, words) => {
    if (!state) return;
    state.className = `kb-save-state kb-save-state--${look}`;
    state.querySelector("[data-save-text]").textContent = words;
  };

  const hold = (words) => sessionStorage.setItem(place, JSON.stringify({ words, version: version?.value }));

  const bringBack = () => {
    const waiting = JSON.parse(sessionStorage.getItem(place) ?? "null");
    sessionStorage.removeItem(place);
    if (!waiting || waiting.version !== version?.value || waiting.words === kept) return;
    const words = new URLSearchParams(waiting.words);
    for (const field of form.elements) {
      if (!field.name || OWN.includes(field.name) || field.type === "submit") continue;
      const values = words.getAll(field.name);
      if (field.type === "checkbox" || field.type === "radio") field.checked = values.includes(field.value);
      else if (values.length) field.value = values[0];
    }
    say("offline", "前に送れなかった内容を戻しました。まもなく保存します");
  };

  const save = async () => {
    const words = typed();
    if (busy || stopped || words === kept) return;
    busy = true;
    const keep = (reason) => {
      hold(words);
      say("offline", reason);
    };
    say("saving", "保存しています…");
    const body = new FormData(form);
    try {
      const answer = await fetch(form.dataset.autosave, { method: "POST", body, headers: { Accept: "application/json" } });
      const said = await answer.json();
      if (answer.ok) {
        kept = words;
        sessionStorage.removeItem(place);
        if (version && said.version !== undefined) version.value = said.version;
        say("saved", `保存しました ${said.saved_at}`);
      } else {
        stopped = answer.status === 409;
        keep(said.message || "保存できません。書いた内容はこの画面に残っています");
      }
    } catch {
      keep("つながりません。書いた内容はこの画面に残っています");
    }
    busy = false;
  };

  bringBack();
  setInterval(save, EVERY);
  addEventListener("online", save);
  document.addEventListener("visibilitychange", () => document.hidden && save());
  form.addEventListener("submit", () => {
    stopped = true;
    hold(typed());
  });
  addEventListener("beforeunload", (event) => {
    if (!stopped && typed() !== kept) event.preventDefault();
  });
}
