// Tells the shop's page, through checkout.js, what happened in the frame; or posts the browser back.
const tell = (type, data) =>
  window.parent.postMessage({ source: "sandbox-razorpay", type, data }, "*");

const isFramed = "framed" in document.body.dataset && window.parent !== window;

if (isFramed) {
  const paid = document.querySelector("[data-paid]");
  if (paid) tell("paid", JSON.parse(paid.dataset.paid));
  const failed = document.querySelector("[data-error]");
  if (failed) tell("failed", { error: JSON.parse(failed.dataset.error) });
  const dismiss = () => tell("dismissed", null);
  document.querySelector("[data-dismiss]")?.addEventListener("click", dismiss);
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") dismiss();
  });
}

document.querySelector("form[data-return]")?.submit();
