// Plotly, loaded once where a page draws.

let loading;

export function loadPlotly(address) {
  loading ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = address;
    script.onload = () => resolve(globalThis.Plotly);
    script.onerror = () => reject(new Error(address));
    document.head.append(script);
  });
  return loading;
}

export const color = (name) =>
  getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
export const faint = (hex, share) => hex + Math.round(share * 255).toString(16).padStart(2, "0");
