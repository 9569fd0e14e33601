// The whole client script: the host's window, alerts, focus and speech, copy buttons, secret reveal, dialogs. Every page
// works without it.
const popup = { handle: null };
const here = (selector) => document.querySelector(selector);

// The host's window opens inside the submit event, because only a gesture may open one. Until the answer is here it
// shows a page of ours; afterwards it goes to the host or closes. Once it left our origin the handle is worthless (hosts
// cut it), so it is forgotten.
addEventListener("submit", (event) => {
  const form = event.target;
  const opener = event.submitter?.dataset.popup ?? form.dataset.popup;
  if (!opener || form.classList.contains("htmx-request") || !form.hasAttribute("hx-post")) return;
  popup.handle = open(opener, "fairlead-host", "popup,width=720,height=760");
}, true);

document.addEventListener("htmx:finally:request", () => {
  const handle = popup.handle;
  popup.handle = null;
  if (!handle) return;
  const next = here("[data-authorize]")?.dataset.authorize;
  if (next) handle.location.replace(next);
  else handle.close();
});

// The window that came back tells the first tab; the tab's poll would notice by itself, only later.
const channel = new BroadcastChannel("fairlead-setup");
channel.addEventListener("message", () => document.body.dispatchEvent(new Event("nudge")));
if (here("[data-came-back]")) {
  channel.postMessage("came back");
  close(); // does nothing in a tab that the admin opened; the page reads well then
}

// Nothing is swapped for 401 and 5xx: the page keeps what was typed and shows one of its alerts, until the next answer.
const showAlert = (name) => {
  for (const alert of document.querySelectorAll("[data-alert]")) if (alert.dataset.alert !== name) alert.hidden = true;
  const shown = here(`[data-alert="${name}"][hidden]`);
  if (!shown) return; // a poll that fails again must not take the focus again
  shown.hidden = false;
  shown.scrollIntoView({ block: "nearest" });
  shown.querySelector("[tabindex]").focus();
};
document.addEventListener("htmx:error", () => showAlert("unanswered"));
document.addEventListener("htmx:after:request", (event) => {
  const status = event.detail.ctx.response.status;
  showAlert(status >= 500 ? "unanswered" : status === 401 ? "signed-out" : "");
});

// A swap that takes the focused element away hands the focus on: to the new screen's heading, or to what stands there now.
let held;
document.addEventListener("htmx:before:swap", (event) => {
  held = event.detail.tasks.map((task) => task.target).find((target) => target?.contains?.(document.activeElement))?.id;
});
let title = document.title;
document.addEventListener("htmx:finally:swap", () => {
  const swapped = held && document.activeElement === document.body && document.getElementById(held);
  if (swapped) (swapped.querySelector("h1") ?? swapped.querySelector("a, button"))?.focus();
  if (document.title === title) return;
  title = document.title;
  const words = title.replace(/ · Fairlead$/, ""), heading = document.activeElement.textContent;
  if (!heading || !words.endsWith(heading)) say(words); // what the heading with the focus says is not said twice
});

// A live region that arrives filled is silent, so what a redirect left behind is spoken once the page stands.
addEventListener("load", () => {
  const flash = here(".flash p");
  if (flash) setTimeout(() => say(flash.textContent), 300);
});

// A page from the back/forward cache may still hold a typed secret and a spinner.
addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });

addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy],[data-reveal],[data-open],[data-close]");
  if (!button) return;
  const { copy: source, reveal, open: dialog } = button.dataset;
  if ("close" in button.dataset) { if (button.closest("dialog")) { event.preventDefault(); button.closest("dialog").close(); } return; }
  if (dialog) { event.preventDefault(); return document.getElementById(dialog).showModal(); }
  if (reveal) return toggle(button, document.getElementById(reveal));
  await copy(button, document.getElementById(source));
});

function toggle(button, field) {
  const show = field.type === "password";
  field.type = show ? "text" : "password";
  button.setAttribute("aria-pressed", show);
  button.firstChild.textContent = show ? "Hide" : "Show";
}

async function copy(button, source) {
  const text = source.textContent.trim();
  try {
    await navigator.clipboard.writeText(text);
  } catch { // over plain http there is no clipboard: select the value and use the old command
    const range = document.createRange();
    range.selectNodeContents(source);
    getSelection().removeAllRanges();
    getSelection().addRange(range);
    if (!document.execCommand("copy")) return say("Press Ctrl+C to copy the selected text");
    getSelection().removeAllRanges();
  }
  const label = button.querySelector("span");
  button.dataset.copied = "";
  label.textContent = "Copied";
  say(`${button.dataset.name} copied`);
  setTimeout(() => { delete button.dataset.copied; label.textContent = "Copy"; }, 2000);
}

function say(text) {
  const live = document.getElementById("live");
  live.textContent = "";
  requestAnimationFrame(() => { live.textContent = text; });
}
