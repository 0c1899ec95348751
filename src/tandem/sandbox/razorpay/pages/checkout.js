// Stands in for https://checkout.razorpay.com/v1/checkout.js: `new Razorpay(options).open()`.
// Knows key, order_id, name, description, prefill, handler, callback_url with redirect, modal
// (ondismiss, escape, confirm_close) and `on("payment.failed")`, as the vendor documents them.
(() => {
  const base = new URL("../", document.currentScript.src);

  class Razorpay {
    constructor(options) {
      if (!options?.key) throw new Error("No key passed");
      if (!options.order_id) throw new Error("No order_id passed");
      this.options = options;
      this.listeners = {};
    }

    on(event, listener) {
      (this.listeners[event] ??= []).push(listener);
      return this;
    }

    open() {
      if (this.dialog) return this;
      const frame = document.createElement("iframe");
      frame.src = this.address();
      frame.title = "Checkout";
      frame.allow = "payment";
      Object.assign(frame.style, {
        border: "0", width: "100%", height: "100%", display: "block", colorScheme: "normal",
      });
      const dialog = document.createElement("dialog");
      dialog.setAttribute("aria-label", "Checkout");
      Object.assign(dialog.style, {
        width: "min(420px, 100vw)", height: "min(640px, 100dvh)", maxWidth: "100vw",
        maxHeight: "100dvh", border: "0", padding: "0", borderRadius: "12px", overflow: "hidden",
      });
      dialog.append(frame);
      document.body.append(dialog);
      dialog.addEventListener("cancel", (event) => {
        event.preventDefault();
        if (this.options.modal?.escape !== false) this.dismiss();
      });
      dialog.addEventListener("close", () => this.dismiss());
      this.hear = (event) => {
        if (event.origin === base.origin && event.source === frame.contentWindow) {
          this.heard(event.data);
        }
      };
      window.addEventListener("message", this.hear);
      this.dialog = dialog;
      dialog.showModal();
      return this;
    }

    close() {
      if (!this.dialog) return;
      window.removeEventListener("message", this.hear);
      this.dialog.remove();
      this.dialog = null;
    }

    address() {
      const { key, order_id: orderId, name, description, prefill, callback_url: callback, redirect } =
        this.options;
      const address = new URL(`checkout/${encodeURIComponent(orderId)}`, base);
      const passed = {
        key_id: key, name, description, email: prefill?.email, contact: prefill?.contact,
        callback_url: redirect || !this.options.handler ? callback : "", is_framed: "1",
      };
      for (const [field, value] of Object.entries(passed)) {
        if (value) address.searchParams.set(field, value);
      }
      return address.href;
    }

    heard(message) {
      if (message?.source !== "sandbox-razorpay") return;
      if (message.type === "paid") {
        this.close();
        this.options.handler?.(message.data);
      } else if (message.type === "failed") {
        for (const listener of this.listeners["payment.failed"] ?? []) listener(message.data);
      } else if (message.type === "dismissed") {
        this.dismiss();
      }
    }

    dismiss() {
      const { modal } = this.options;
      if (!this.dialog) return;
      if (this.dialog.open && modal?.confirm_close && !window.confirm("Do you want to cancel this payment?")) return;
      this.close();
      modal?.ondismiss?.();
    }
  }

  window.Razorpay = Razorpay;
})();
