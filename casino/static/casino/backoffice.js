// What every page of the back office does in the browser: the menu on a narrow screen, and choices that apply at once.
"use strict";

const toggle = document.getElementById("menu-toggle");
const menu = document.getElementById("menu");
if (toggle && menu) {
  const show = (isOpen) => {
    document.body.classList.toggle("menu-open", isOpen);
    toggle.setAttribute("aria-expanded", String(isOpen));
  };
  toggle.addEventListener("click", () => show(toggle.getAttribute("aria-expanded") !== "true"));
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && toggle.getAttribute("aria-expanded") === "true") {
      show(false);
      toggle.focus();
    }
  });
}

for (const choice of document.querySelectorAll("select[data-apply]")) {
  choice.addEventListener("change", () => choice.form.submit());
}

// A part of a page that is looked up again and again, while somebody looks at it.
for (const part of document.querySelectorAll("[data-refresh]")) {
  setInterval(async () => {
    if (document.hidden) {
      return;
    }
    const answer = await fetch(location.href).catch(() => null);
    if (answer !== null && answer.ok && !answer.redirected) {
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.getElementById(part.id);
      if (fresh !== null) {
        part.replaceChildren(...fresh.childNodes);
      }
    }
  }, Number(part.dataset.refresh));
}
