/* Work that goes on elsewhere (an import): its figures are asked for again, and when it has ended the page is loaded anew.
   Without this file the link beside them does the same. The marked part is no live region, so nobody is read numbers. */
const WAIT = 2000;
const shown = document.querySelector("[data-running]");

const look = async () => {
  try {
    if (!document.hidden) {
      const answer = await fetch(location.href);
      if (answer.ok) {
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        const now = page.querySelector("[data-running]");
        if (!now) return location.reload();
        shown.replaceChildren(...now.childNodes);
      }
    }
  } catch {
    // The line is down or the server restarts: the next time tells.
  }
  setTimeout(look, WAIT);
};

if (shown) setTimeout(look, WAIT);
