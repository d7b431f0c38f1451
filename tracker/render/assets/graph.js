// The page of `bd graph --format html`: zoom, search, and the details of the issue that is chosen.
// Whatever comes from the log is put in as text, never as markup.
"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const view = document.getElementById("view");
  const picture = view.querySelector("svg");
  const panel = document.getElementById("panel");
  const search = document.getElementById("search");
  const size = { wide: picture.width.baseVal.value, high: picture.height.baseVal.value };
  const cards = new Map([...picture.querySelectorAll("[data-id]")].map((one) => [one.dataset.id, one]));
  const links = [...picture.querySelectorAll(".link")];
  let scale = 1;

  function zoom(to, at) {
    const old = scale;
    scale = Math.min(Math.max(to, 0.05), 4);
    const x = at ? at.clientX - view.getBoundingClientRect().left : view.clientWidth / 2;
    const y = at ? at.clientY - view.getBoundingClientRect().top : view.clientHeight / 2;
    const left = ((view.scrollLeft + x) * scale) / old - x;
    const top = ((view.scrollTop + y) * scale) / old - y;
    picture.style.width = `${size.wide * scale}px`;
    picture.style.height = `${size.high * scale}px`;
    view.scrollTo(left, top);
  }
  const fit = () => zoom(Math.min(view.clientWidth / size.wide, view.clientHeight / size.high, 1));

  function reached(start, side) {
    const seen = new Set([start]);
    for (const id of seen) for (const next of data[id]?.[side] ?? []) seen.add(next);
    return seen;
  }

  function show(on) {
    for (const [id, card] of cards) card.classList.toggle("off", on !== null && !on.has(id));
    for (const link of links) {
      const both = on === null || (on.has(link.dataset.first) && on.has(link.dataset.then));
      link.classList.toggle("off", !both);
    }
  }

  function element(name, text, parent) {
    const made = document.createElement(name);
    if (text) made.textContent = text;
    parent.append(made);
    return made;
  }

  function fill(id) {
    const issue = data[id];
    panel.replaceChildren();
    const shut = element("button", "×", panel);
    shut.id = "shut";
    shut.title = "Close (Esc)";
    shut.addEventListener("click", () => choose(""));
    element("code", id, panel);
    element("h2", issue.title, panel);
    const list = element("dl", "", panel);
    for (const [name, value] of Object.entries(issue.facts)) {
      element("dt", name, list);
      element("dd", value, list);
    }
    for (const [name, side] of [["Waits for", "needs"], ["Keeps waiting", "holds"], ["Part of", "parent"]]) {
      if (!issue[side]?.length) continue;
      element("dt", name, list);
      const place = element("dd", "", list);
      for (const other of issue[side]) {
        const button = element("button", other, place);
        button.title = data[other]?.title ?? "";
        button.addEventListener("click", () => choose(other));
      }
    }
    for (const [name, text] of Object.entries(issue.texts)) {
      element("strong", name, panel);
      element("pre", text, panel);
    }
  }

  function choose(id) {
    const known = Object.hasOwn(data, id) && cards.has(id);
    for (const [name, card] of cards) card.classList.toggle("chosen", known && name === id);
    for (const link of links) {
      link.classList.toggle("lit", known && (link.dataset.first === id || link.dataset.then === id));
    }
    panel.hidden = !known;
    history.replaceState(null, "", known ? `#${encodeURIComponent(id)}` : " ");
    if (!known) return show(null);
    fill(id);
    const near = new Set([...reached(id, "needs"), ...reached(id, "holds")]);
    show(new Set([...near, ...reached(id, "parent"), ...reached(id, "members")]));
    cards.get(id).scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  search.addEventListener("input", () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const fits = ([id, one]) => words.every((word) => `${id} ${one.words}`.toLowerCase().includes(word));
    show(words.length ? new Set(Object.entries(data).filter(fits).map(([id]) => id)) : null);
  });
  search.addEventListener("keydown", (event) => {
    const first = [...cards].find(([, card]) => !card.classList.contains("off"));
    if (event.key === "Enter" && first) choose(first[0]);
  });
  for (const [id, card] of cards) {
    card.setAttribute("tabindex", "0");
    card.addEventListener("click", () => choose(id));
    card.addEventListener("keydown", (event) => event.key === "Enter" && choose(id));
  }
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      search.value = "";
      choose("");
    }
    if (event.key === "/" && event.target !== search) {
      event.preventDefault();
      search.focus();
    }
  });
  view.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    zoom(scale * Math.exp(-event.deltaY / 300), event);
  }, { passive: false });
  view.addEventListener("pointerdown", (event) => {
    if (event.target.closest("[data-id]") || event.button) return;
    const from = { x: event.clientX + view.scrollLeft, y: event.clientY + view.scrollTop };
    const move = (now) => view.scrollTo(from.x - now.clientX, from.y - now.clientY);
    view.classList.add("dragged");
    view.addEventListener("pointermove", move);
    window.addEventListener("pointerup", () => {
      view.classList.remove("dragged");
      view.removeEventListener("pointermove", move);
    }, { once: true });
  });
  document.getElementById("in").addEventListener("click", () => zoom(scale * 1.25));
  document.getElementById("out").addEventListener("click", () => zoom(scale / 1.25));
  document.getElementById("fit").addEventListener("click", fit);
  zoom(Math.max(Math.min(view.clientWidth / size.wide, 1), 0.45));
  view.scrollTo(0, 0);
  choose(decodeURIComponent(location.hash.slice(1)));
})();
