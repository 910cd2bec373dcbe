// The review page. One script, no build step. Text from the data is only ever set as text, never as HTML.
"use strict";
(() => {
  const page = JSON.parse(document.body.dataset.page); // run, data, who, worth, decisions
  const $ = (id) => document.getElementById(id);
  const AHEAD = 4; // photos that are loaded before they are needed
  const POLL = 4000;

  // --- small helpers ------------------------------------------------------------------------------------------

  function el(tag, attributes = {}, ...children) {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (name === "on") for (const [kind, listen] of Object.entries(value)) made.addEventListener(kind, listen);
      else if (value !== null && value !== undefined && value !== false) made.setAttribute(name, value === true ? "" : value);
    }
    made.append(...children.filter((child) => child !== null));
    return made;
  }
  const wait = (ms) => new Promise((done) => setTimeout(done, ms));
  const number = (value) => value.toLocaleString("en");
  const count = (value, one, many = `${one}s`) => `${number(value)} ${value === 1 ? one : many}`;
  function percent(share) {
    if (share === null || share === undefined) return "–";
    const value = 100 * share;
    return `${value >= 99.5 && value < 100 ? ">99" : value > 0 && value < 0.5 ? "<1" : value.toFixed(0)}\u202f%`;
  }
  function duration(seconds) {
    if (seconds < 60) return `${Math.max(1, Math.round(seconds))} s`;
    if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
    return `${Math.floor(seconds / 3600)} h ${String(Math.round((seconds % 3600) / 60)).padStart(2, "0")} min`;
  }
  const about = (value) => (value < 9.5 ? value.toFixed(1) : number(Math.round(value)));
  function remember(store, key, value) {
    try {
      if (value === null) store.removeItem(key);
      else store.setItem(key, JSON.stringify(value));
    } catch { /* a browser that keeps nothing: the page works all the same */ }
  }
  function recall(store, key) {
    try {
      return JSON.parse(store.getItem(key));
    } catch {
      return null;
    }
  }
  function fresh() { // 24 letters that no other decision has; randomUUID wants https on other hosts
    return Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, "0")).join("");
  }
  const mineKey = (name) => `thresher.${page.run}.${name}`;

  // --- what the page knows ------------------------------------------------------------------------------------

  const tab = recall(sessionStorage, mineKey("tab")) ?? fresh();
  remember(sessionStorage, mineKey("tab"), tab);
  const ANY = { state: "todo", least: page.worth, given: null, suggested: null, text: "", order: "gain" };
  let filter = { ...ANY, ...(recall(sessionStorage, mineKey("filter")) ?? {}) };
  let mine = recall(sessionStorage, mineKey("mine")) ?? []; // decisions of this tab that can be undone: id, row
  const known = new Set(); // ids of all decisions of this tab
  let classes = [];
  let current = null; // facts of the photo on show
  let ahead = []; // rows that come next
  let counts = null; // photos by state under the filter
  let summary = null;
  let seq = 0; // number of the last decision that the server told of
  let unsaved = ""; // what is under way to the disk
  let ready = false; // a photo is on show and may be decided
  let turn = 0; // goes up with every photo that is asked for; late answers are dropped
  let told = false; // it was said that going on hardly pays
  const facts = new Map();
  const pictures = new Map();

  const chosen = recall(localStorage, "thresher.who");
  let who = chosen && chosen.instead === page.who ? chosen.name : page.who;

  // --- talking with the server --------------------------------------------------------------------------------

  class Refused extends Error {
    constructor(status, text) {
      super(text);
      this.status = status;
    }
  }

  async function ask(path, options = {}) {
    const answer = await fetch(path, { cache: "no-store", ...options });
    if (answer.ok) return answer.json();
    const text = await answer.text();
    let words = text.trim();
    try {
      words = JSON.parse(text).error ?? words;
    } catch { /* plain text */ }
    throw new Refused(answer.status, words);
  }

  // Asks until there is an answer: a server that was stopped may come back, a laptop may have slept.
  async function insist(path, options) {
    for (let tries = 0; ; tries += 1) {
      try {
        const answer = await ask(path, options);
        backOnline();
        return answer;
      } catch (error) {
        const status = error instanceof Refused ? error.status : 0;
        if (![0, 403, 502, 503, 507].includes(status)) {
          backOnline();
          throw error;
        }
        if (tries || status || unsaved) offline(status, error.message); // one lost question is nothing
        await Promise.race([wait(Math.min(3000, 300 * 2 ** tries)), new Promise((done) => { tryNow = done; })]);
      }
    }
  }
  let tryNow = () => {};
  let wasOffline = false;

  function offline(status, text = "") {
    wasOffline = true;
    const what = unsaved ? `${unsaved} is not saved yet; it is kept here and will be sent. ` : "";
    const why = status === 403
      ? "The server asks for its token again: open the address that it printed, in this browser."
      : status === 507
        ? `The server could not write to the disk: ${text}`
        : "The server does not answer. Start it again with the same command; this page goes on by itself.";
    notice("offline", "bad", what + why, [["Try now", () => tryNow()]]);
  }

  function backOnline() {
    if (!wasOffline) return;
    wasOffline = false;
    dismiss("offline");
    notice("online", "good", "The server is back. Nothing is lost.", [], 5000);
  }

  const post = (body) => ({
    method: "POST",
    headers: { "Content-Type": "application/json", "X-Thresher": "review" },
    body: JSON.stringify(body),
  });

  // Sends a decision until it is on disk. It is remembered until then: even a closed tab loses nothing on reload.
  async function deliver(path, body, words) {
    known.add(body.id);
    remember(sessionStorage, mineKey("pending"), { path, body, words });
    unsaved = words;
    try {
      return await insist(path, post(body));
    } finally {
      unsaved = "";
      remember(sessionStorage, mineKey("pending"), null);
    }
  }

  // --- saying things ------------------------------------------------------------------------------------------

  function notice(key, mark, text, buttons = [], fades = 0) {
    if ($(`notice-${key}`)?.firstChild.textContent === text) return; // said already
    dismiss(key);
    const made = el("div", { class: `notice ${mark}`, id: `notice-${key}`, role: mark === "bad" ? "alert" : "status" });
    made.append(el("p", {}, text));
    for (const [label, act] of buttons) {
      made.append(el("button", { type: "button", on: { click: act } }, label));
    }
    made.append(el("button", { type: "button", class: "shut", "aria-label": "Close", on: { click: () => dismiss(key) } }, "×"));
    $("notices").append(made);
    if (fades) setTimeout(() => made.remove(), fades);
  }
  const dismiss = (key) => $(`notice-${key}`)?.remove();

  function say(text) {
    $("said-text").textContent = text;
    $("live").textContent = text;
  }

  function inWords(decision) {
    switch (decision.action) {
      case "keep": return `kept ${decision.to}`;
      case "relabel": return `changed ${decision.from} to ${decision.to}`;
      case "drop": return "dropped";
      case "skip": return "skipped";
      default: return "took a decision back";
    }
  }

  // --- loading photos -----------------------------------------------------------------------------------------

  const source = (row, size) => `/photo/${row}/${size}.jpg?v=${page.data}`;

  function factsOf(row) {
    if (!facts.has(row)) {
      const asked = insist(`/api/photo/${row}`);
      facts.set(row, asked);
      asked.catch(() => facts.delete(row));
    }
    return facts.get(row);
  }

  function pictureOf(row) {
    if (!pictures.has(row)) pictures.set(row, loadPicture(row));
    return pictures.get(row);
  }

  // The picture, decoded; or the reason why there is none.
  async function loadPicture(row) {
    for (let tries = 0; ; tries += 1) {
      const image = new Image();
      image.src = source(row, "large") + (tries ? `&again=${tries}` : "");
      image.draggable = false;
      try {
        await image.decode();
        return { image };
      } catch { /* why? */ }
      try {
        const answer = await fetch(source(row, "large"));
        if (answer.status === 422 || answer.status === 404) return { reason: (await answer.text()).trim() };
        if (answer.ok && tries > 1) return { reason: "this browser cannot show it" };
        if (answer.status === 403) offline(403);
      } catch {
        if (tries) offline(0);
      }
      await wait(Math.min(2000, 200 * 2 ** tries));
    }
  }

  function prepare(rows) {
    for (const row of rows) {
      factsOf(row);
      pictureOf(row);
    }
    const keep = new Set([...rows, ...ahead.slice(0, AHEAD), ...(current ? [current.row] : []), ...mine.slice(-2).map((one) => one.row)]);
    for (const kept of [facts, pictures]) for (const row of kept.keys()) if (!keep.has(row)) kept.delete(row);
  }

  // --- the queue ----------------------------------------------------------------------------------------------

  function question(row, most, back = false) {
    const asked = new URLSearchParams({ page: tab, row, most, back, state: filter.state, least: filter.least, order: filter.order, text: filter.text });
    for (const side of ["given", "suggested"]) if (filter[side] !== null) asked.set(side, filter[side]);
    return `/api/ahead?${asked}`;
  }

  const settled = new Set(); // rows that were judged since the page was loaded: an answer may be older
  async function fill(row) {
    const asked = turn;
    const answer = await insist(question(row, AHEAD + 1));
    if (asked !== turn) return;
    counts = answer.counts;
    ahead = answer.rows.filter((one) => one !== row && !(filter.state === "todo" && settled.has(one)));
    prepare(ahead.slice(0, AHEAD));
    showSummary();
  }

  async function moveOn() {
    turn += 1;
    if (!ahead.length) await fill(current?.row ?? -1);
    const next = ahead.shift();
    if (next === undefined) showEnd();
    else await show(next);
  }

  async function moveBack() {
    const asked = ++turn;
    const answer = await insist(question(current?.row ?? -1, 1, true));
    if (asked !== turn || !answer.rows.length) return;
    if (current) ahead.unshift(current.row);
    await show(answer.rows[0]);
  }

  // --- showing a photo ----------------------------------------------------------------------------------------

  let watching = 0; // milliseconds that the photo was looked at
  let since = null;
  const looked = () => (watching + (since === null ? 0 : performance.now() - since)) / 1000;
  document.addEventListener("visibilitychange", () => {
    if (document.hidden && since !== null) {
      watching += performance.now() - since;
      since = null;
    } else if (!document.hidden && ready) {
      since = performance.now();
      poll();
    }
  });

  async function show(row) {
    const asked = ++turn;
    ready = false;
    document.body.dataset.state = "loading";
    const [found, picture] = await Promise.all([factsOf(row), pictureOf(row)]);
    if (asked !== turn) return;
    $("end").hidden = true;
    $("work").hidden = false;
    $("note").value = "";
    current = found;
    remember(sessionStorage, mineKey("row"), row);
    zoom.reset(false);
    render(picture);
    watching = 0;
    since = document.hidden ? null : performance.now();
    ready = true;
    document.body.dataset.state = "ready";
    document.body.dataset.row = row;
    $("live").textContent = `${$("said-text").textContent} Now ${current.id}: given ${current.given.label}`
      + `${current.suggested ? `, suggested ${current.suggested.label}` : ""}, ${percent(current.probability)} likely wrong.`;
    await fill(row);
  }

  function render({ image, reason }) {
    $("frame").replaceChildren(image ?? el("p", { class: "gone" }, "This photo cannot be shown", el("span", {}, reason)));
    if (image) {
      image.alt = `Photo ${current.id}`;
      const ratio = image.naturalWidth / image.naturalHeight; // neighbours mostly have the same
      $("work").style.setProperty("--ratio", Math.min(1.5, Math.max(0.75, ratio)).toFixed(3));
    }
    $("photo-id").textContent = current.id;
    $("photo-size").textContent = image ? `${image.naturalWidth} × ${image.naturalHeight}` : "";
    $("doubt").textContent = percent(current.probability);
    const why = [`no. ${number(current.place)}`];
    if (current.finders > 1 && current.agree) why.push(`first 5\u202f% for ${current.agree} of ${current.finders} finders`);
    if (current.copies) why.push(count(current.copies, "near copy", "near copies"));
    $("doubt-why").textContent = why.join(" · ");
    for (const side of ["given", "suggested"]) {
      const told = current[side];
      $(side).textContent = told ? told.label : "none";
      const score = $(`${side}-score`);
      score.replaceChildren();
      if (told && told.score !== null) {
        const fill = el("i");
        fill.style.width = `${100 * told.score}%`;
        score.append(el("span", { class: "track", "aria-hidden": true }, fill), el("span", {}, `the models say ${percent(told.score)}`));
      }
      $(`${side}-near`).replaceChildren(...near(told));
    }
    $("keep-label").textContent = current.given.label;
    $("accept-label").textContent = current.suggested ? current.suggested.label : "–";
    document.querySelector("[data-act=accept]").disabled = !current.suggested;
    renderOthers();
    renderDecided();
  }

  function near(told) {
    if (!told) return [];
    if (!told.neighbours.length) {
      return [el("li", { class: "none" }, current.embedded ? "no other photo has this label" : "no features, so no neighbours")];
    }
    return told.neighbours.map((one) => {
      const marks = [one.checked && "checked", one.copy && "near copy"].filter(Boolean).join(", ");
      const words = `${one.id}, similarity ${one.similarity.toFixed(2)}${marks ? `, ${marks}` : ""}`;
      const image = el("img", { src: source(one.row, "small"), alt: `Neighbour ${words}`, title: words, loading: "eager", draggable: "false" });
      image.addEventListener("error", () => image.replaceWith(el("span", { class: "gone", title: words }, "cannot be shown")));
      const label = el("span", { class: "near-words" }, one.similarity.toFixed(2), one.checked ? el("b", { title: "judged by a person" }, " ✓") : null, one.copy ? " copy" : null);
      return el("li", {}, el("button", { type: "button", "aria-label": `Look at neighbour ${words}`, on: { click: () => peek(one, told.label) } }, image), label);
    });
  }

  // A neighbour in the large frame, until it is pressed again, Escape, or a decision.
  function peek(one, label) {
    const again = unpeek && $("frame").dataset.peek === String(one.row);
    zoom.reset(false);
    if (again) return;
    $("frame").dataset.peek = one.row;
    const back = [...$("frame").childNodes];
    const image = el("img", { src: source(one.row, "large"), alt: `Neighbour ${one.id}`, draggable: "false" });
    $("frame").replaceChildren(image);
    $("stage").classList.add("peek");
    $("photo-id").textContent = `Neighbour ${one.id}, labelled ${label}`;
    unpeek = () => {
      $("frame").replaceChildren(...back);
      $("stage").classList.remove("peek");
      $("photo-id").textContent = current.id;
      unpeek = null;
    };
  }
  let unpeek = null;

  // The classes behind the keys 1 to 9: all of them in their order where they are few, else the likeliest others.
  function keyed() {
    if (classes.length <= 9) return classes.map((one) => ({ label: one.name, score: current.likely.find((likely) => likely.label === one.name)?.score ?? null }));
    return current.likely.filter((one) => one.label !== current.given.label && one.label !== current.suggested?.label);
  }

  function renderOthers() {
    $("others").replaceChildren(...keyed().map((one, index) => {
      const role = one.label === current.given.label ? "is-given" : one.label === current.suggested?.label ? "is-suggested" : null;
      return el(
        "button", { type: "button", class: role, "data-label": one.label, title: one.label, on: { click: (event) => { unfocus(event); decideLabel(one.label); } } },
        el("kbd", { "aria-hidden": true }, String(index + 1)), el("span", {}, one.label), el("small", {}, one.score === null ? "" : percent(one.score)),
      );
    }));
  }

  function renderDecided() {
    const stands = current.stands;
    $("stands").hidden = !stands;
    if (stands) {
      const when = new Date(stands.time);
      $("stands").replaceChildren(
        el("b", {}, `${stands.who} ${inWords(stands)}`), ` ${when.toLocaleString()}`,
        ...(stands.note ? [el("q", {}, stands.note)] : []),
        el("button", { type: "button", on: { click: () => undo(stands.id) } }, "Take it back"),
      );
    }
    $("decided").hidden = current.decided.length < 2;
    $("decided-list").replaceChildren(...current.decided.map((one) => el("li", {}, `${one.who} ${inWords(one)}, ${new Date(one.time).toLocaleString()}`, one.note ? el("q", {}, one.note) : null)));
    document.body.dataset.stands = stands ? stands.action : "none";
  }

  // --- deciding -----------------------------------------------------------------------------------------------

  const decideLabel = (label) => (label === current.given.label ? decide("keep") : decide("relabel", label));

  async function decide(action, label = null) {
    if (!ready || !current) return;
    ready = false;
    document.body.dataset.state = "saving";
    const body = { run: page.run, id: fresh(), who, row: current.row, action, label, note: $("note").value, seconds: Math.min(86400, looked()), seen: seq };
    const words = { keep: "Keep", relabel: `Change to ${label}`, drop: "Drop", skip: "Skip" }[action];
    let answer;
    try {
      answer = await deliver("/api/decide", body, `“${words}” for ${current.id}`);
    } catch (error) {
      notice("refused", "bad", `That was refused: ${error.message}`);
      ready = true;
      document.body.dataset.state = "ready";
      return;
    }
    take(answer);
    mine.push({ id: body.id, row: body.row });
    mine = mine.slice(-1000);
    remember(sessionStorage, mineKey("mine"), mine);
    settled.add(body.row);
    facts.delete(body.row);
    say(`✓ ${inWords(answer.decision)[0].toUpperCase()}${inWords(answer.decision).slice(1)}. ${current.id}`);
    if (answer.over && !known.has(answer.over.id)) {
      const by = answer.over.who === who ? "In another tab you had" : `${answer.over.who} had`;
      notice("over", "warn", `${by} just ${inWords(answer.over)} for ${answer.over.image_id}. Your decision stands now; both are in the history.`, [["Undo mine", () => undo(body.id)]], 15000);
    }
    await moveOn();
  }

  async function undo(id = mine.at(-1)?.id ?? null) {
    if (document.body.dataset.state === "saving") return;
    const left = ready ? current : null;
    ready = false;
    document.body.dataset.state = "saving";
    let answer;
    try {
      answer = await deliver("/api/undo", { run: page.run, id: fresh(), who, undoes: id, seen: seq }, "The undo");
    } catch (error) {
      mine = mine.filter((one) => one.id !== id);
      remember(sessionStorage, mineKey("mine"), mine);
      say(`Nothing undone: ${error.message}.`);
      ready = left !== null;
      document.body.dataset.state = left ? "ready" : "end";
      return;
    }
    take(answer);
    mine = mine.filter((one) => one.id !== answer.decision.undoes);
    remember(sessionStorage, mineKey("mine"), mine);
    const row = answer.decision.row;
    settled.delete(row);
    facts.delete(row);
    if (answer.stands) settled.add(row);
    say(`Taken back${answer.stands ? `; ${answer.stands.who} ${inWords(answer.stands)} stands` : ""}. ${answer.decision.image_id}`);
    if (left && left.row !== row) ahead.unshift(left.row); // it comes next, also before the queue is asked again
    if (row >= 0) await show(row);
    else await moveOn();
  }

  function take(answer) {
    summary = answer.summary; // the number of the decision waits: between it and the last poll others may have decided
    if (answer.trouble) notice("trouble", "warn", `The decision is saved, but: ${answer.trouble}`);
  }

  // --- how far things are -------------------------------------------------------------------------------------

  const wrong = () => summary.relabelled + summary.dropped;
  const found = () => (wrong() + summary.expected > 0 ? wrong() / (wrong() + summary.expected) : 1);
  const judged = () => wrong() + summary.kept;
  const left = () => (counts ? counts.todo : summary.worth);

  function showSummary() {
    if (!summary) return;
    $("track").style.width = `${100 * found()}%`;
    $("far-found").textContent = `${percent(found())} of wrong labels found`;
    const time = summary.pace && left() ? ` · ${duration(summary.pace * left())}` : "";
    $("far-left").textContent = `${number(left())} to judge${time}`;
    $("far-open").setAttribute("aria-label", `How far: ${$("far-found").textContent}, ${$("far-left").textContent}`);
    $("who-name").textContent = who;
    const parts = [];
    if (filter.text) parts.push(`“${filter.text}”`);
    if (filter.given !== null) parts.push(`given ${classes[filter.given]?.name}`);
    if (filter.suggested !== null) parts.push(`suggested ${classes[filter.suggested]?.name}`);
    if (filter.state !== "todo") parts.push(STATES[filter.state]);
    if (filter.order !== "gain") parts.push(ORDERS[filter.order]);
    $("filtered").hidden = !parts.length;
    $("filtered-text").textContent = `${count(counts ? counts[filter.state] : 0, "photo")}: ${parts.join(", ")}`;
    if (summary.over && !told && judged() > 0 && filter.state === "todo" && filter.least < page.worth) {
      told = true;
      notice("over-and-out", "warn", advice(), [["How far?", openFar]]);
    }
  }

  function advice() {
    const { hits, next, expected, pace, photos } = summary;
    const rest = photos - judged();
    const each = next > 0 && pace ? ` At your pace that is one in ${duration(pace / next)}.` : "";
    const coming = `The next ${Math.min(20, rest)} hold about ${about(Math.min(20, rest) * next)} wrong labels.${each}`;
    const last = hits.of ? `Of your last ${hits.of} photos ${hits.wrong} had a wrong label. ` : "";
    return `${summary.over ? "It hardly pays any more to go on. " : ""}${last}${coming} About ${about(expected)} are left among ${count(rest, "photo")}.`;
  }

  function farFacts() {
    const rows = [
      ["judged", number(judged())],
      ["wrong labels found", judged() ? `${number(wrong())} (${percent(wrong() / judged())})` : "0"],
      ["the finders expected", about(summary.promised)],
      ["changed, dropped", `${number(summary.relabelled)}, ${number(summary.dropped)}`],
      ["skipped", number(summary.skipped)],
      ["expected among the rest", about(summary.expected)],
    ];
    if (summary.pace) rows.push(["your pace", `${summary.pace.toFixed(1)} s a photo`]);
    if (summary.pace && left()) rows.push(["time left", duration(summary.pace * left())]);
    return rows.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value)));
  }

  function openFar() {
    if (!summary) return;
    $("far-facts").replaceChildren(...farFacts());
    $("far-advice").textContent = advice();
    $("far").showModal();
  }

  function showEnd() {
    turn += 1;
    ready = false;
    current = null;
    zoom.reset(false);
    remember(sessionStorage, mineKey("row"), null);
    $("work").hidden = true;
    $("end").hidden = false;
    delete document.body.dataset.row;
    const narrowed = filter.text || filter.given !== null || filter.suggested !== null || filter.state !== "todo";
    $("end-h").textContent = narrowed ? "No photo is left here" : filter.least > 0 ? "Nothing is left that is worth a look" : "Every photo is judged";
    $("end-lead").textContent = judged() ? `${count(judged(), "photo")} judged, ${count(wrong(), "wrong label")} found. The finders had expected ${about(summary.promised)}.` : "Nothing was judged yet.";
    const most = Math.max(...summary.changes.map((one) => one.count));
    $("end-changes").replaceChildren(...summary.changes.map((one) => {
      const bar = el("i");
      bar.style.width = `${(100 * one.count) / most}%`;
      return el("li", {}, el("span", {}, el("b", { class: "is-given" }, one.from), " → ", el("b", { class: "is-suggested" }, one.to)), el("span", { class: "track", "aria-hidden": true }, bar), el("span", { class: "n" }, number(one.count)));
    }));
    $("end-changes-h").hidden = !summary.changes.length;
    $("end-facts").replaceChildren(...farFacts().slice(4));
    const rest = summary.photos - judged();
    $("end-left").textContent = rest ? `About ${about(summary.expected)} of the ${count(rest, "photo")} not judged may still be wrong: ${rest > 0 && summary.expected > 0 ? `one in ${number(Math.max(1, Math.round(rest / summary.expected)))}.` : "hardly one."}` : "";
    $("end-file").textContent = page.decisions;
    const offers = [];
    if (narrowed) offers.push(["Show all photos", () => setFilter({ ...ANY })]);
    if (!narrowed && filter.least > 0 && rest > summary.skipped) offers.push(["Go on with the rest", () => setFilter({ ...ANY, least: 0 })]);
    if (summary.skipped) offers.push([`Look at ${number(summary.skipped)} skipped`, () => setFilter({ ...ANY, state: "skipped", least: 0 })]);
    if (wrong()) offers.push([`See ${number(wrong())} changed`, () => setFilter({ ...ANY, state: "changed", least: 0 })]);
    $("end-actions").replaceChildren(...offers.map(([label, act]) => el("button", { type: "button", on: { click: act } }, label)));
    document.body.dataset.state = "end";
    $("end").focus();
    $("live").textContent = `${$("end-h").textContent}. ${$("end-lead").textContent}`;
  }

  // --- what others decide -------------------------------------------------------------------------------------

  let polling = false;
  async function poll() {
    if (polling || document.hidden) return;
    polling = true;
    try {
      const news = await ask(`/api/news?${new URLSearchParams({ since: seq, page: tab, who })}`);
      backOnline();
      const first = seq === 0 && summary === null;
      seq = news.seq;
      summary = news.summary;
      if (!first) for (const change of news.changes) heard(change);
      showSummary();
    } catch (error) {
      const status = error instanceof Refused ? error.status : 0;
      if ([0, 403].includes(status)) offline(status);
    } finally {
      polling = false;
    }
  }

  async function heard(change) {
    if (known.has(change.id)) return;
    facts.delete(change.row);
    if (change.action === "undo") settled.delete(change.row);
    else if (filter.state === "todo") {
      settled.add(change.row);
      ahead = ahead.filter((row) => row !== change.row);
    }
    if (current?.row !== change.row || !ready) return;
    const by = change.who === who ? "In another tab you have" : `${change.who} has`;
    notice("others", "warn", `${by} just ${inWords(change)} for this photo.`, [["Next photo", () => { dismiss("others"); moveOn(); }]], 15000);
    const again = await factsOf(change.row);
    if (current?.row === change.row) {
      current = again;
      renderDecided();
    }
  }

  // --- zoom ---------------------------------------------------------------------------------------------------

  const zoom = (() => {
    const frame = $("frame");
    let scale = 1, x = 0, y = 0, full = false;
    const pointers = new Map();

    function place() {
      const image = frame.querySelector("img");
      const { clientWidth: width, clientHeight: height } = frame;
      x = Math.min(0, Math.max(width * (1 - scale), x));
      y = Math.min(0, Math.max(height * (1 - scale), y));
      if (image) image.style.transform = scale === 1 ? "" : `translate(${x}px, ${y}px) scale(${scale})`;
      frame.classList.toggle("near", scale > 1);
      document.body.dataset.zoom = scale.toFixed(2);
      if (image && scale > 1 && !full && current && !unpeek) sharpen(image);
    }
    // The photo in full, once somebody looks closely.
    function sharpen(image) {
      full = true;
      const row = current.row;
      const better = new Image();
      better.src = source(row, "full");
      better.decode().then(() => {
        if (current?.row === row && image.isConnected && better.naturalWidth > image.naturalWidth) {
          image.src = better.src;
          $("photo-size").textContent = `${better.naturalWidth} × ${better.naturalHeight}`;
        }
      }, () => {});
    }
    function by(factor, px = frame.clientWidth / 2, py = frame.clientHeight / 2) {
      const next = Math.min(24, Math.max(1, scale * factor));
      x = px - ((px - x) * next) / scale;
      y = py - ((py - y) * next) / scale;
      scale = next;
      if (scale === 1 && document.body.classList.contains("large")) large(false);
      place();
    }
    function large(on) {
      document.body.classList.toggle("large", on);
      $("zoom").setAttribute("aria-pressed", String(on));
    }
    function toggle(px, py) {
      if (scale > 1 || document.body.classList.contains("large")) {
        reset();
        return;
      }
      large(true);
      by(2, px, py);
      $("live").textContent = "Large photo; the arrow keys move it, Escape ends it.";
    }
    function reset(placed = true) {
      scale = 1;
      x = y = 0;
      full = false;
      unpeek?.();
      large(false);
      pointers.clear();
      if (placed || frame.querySelector("img")) place();
    }
    function pan(dx, dy) {
      x += dx * frame.clientWidth;
      y += dy * frame.clientHeight;
      place();
    }
    const at = (event) => {
      const box = frame.getBoundingClientRect();
      return [event.clientX - box.left, event.clientY - box.top];
    };
    frame.addEventListener("wheel", (event) => {
      event.preventDefault();
      by(Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.0016)), ...at(event));
    }, { passive: false });
    frame.addEventListener("dblclick", (event) => toggle(...at(event)));
    frame.addEventListener("pointerdown", (event) => {
      pointers.set(event.pointerId, at(event));
      frame.setPointerCapture(event.pointerId);
    });
    frame.addEventListener("pointermove", (event) => {
      const before = pointers.get(event.pointerId);
      if (!before) return;
      const now = at(event);
      if (pointers.size === 1 && scale > 1) {
        x += now[0] - before[0];
        y += now[1] - before[1];
        place();
      } else if (pointers.size === 2) {
        const [other] = [...pointers].filter(([id]) => id !== event.pointerId).map(([, point]) => point);
        const span = (point) => Math.hypot(point[0] - other[0], point[1] - other[1]);
        by(span(now) / Math.max(1, span(before)), (now[0] + other[0]) / 2, (now[1] + other[1]) / 2);
      }
      pointers.set(event.pointerId, now);
    });
    for (const kind of ["pointerup", "pointercancel"]) frame.addEventListener(kind, (event) => pointers.delete(event.pointerId));
    window.addEventListener("resize", place);
    return { by, toggle, reset, pan, active: () => scale > 1 || document.body.classList.contains("large") };
  })();

  // --- a list of classes that shrinks while one types ---------------------------------------------------------

  const MOST = 60;
  function matches(names, text) {
    const part = text.trim().toLowerCase();
    if (!part) return names;
    const best = [[], [], [], []];
    for (const one of names) {
      const name = one.name.toLowerCase();
      const at = name.indexOf(part);
      if (at === 0) best[name.length === part.length ? 0 : 1].push(one);
      else if (at > 0) best[/[^\p{L}\p{N}]/u.test(name[at - 1]) ? 2 : 3].push(one);
    }
    return best.flat();
  }

  // Resolves with a class name, "" for all, or null where it was cancelled.
  function pick(title, names, all = null) {
    const dialog = $("picker"), input = $("picker-text"), list = $("picker-list");
    let shown = [], at = 0;
    $("picker-h").textContent = title;
    input.value = "";
    function draw() {
      const some = matches(names, input.value);
      shown = [...(all && !input.value.trim() ? [{ name: "", words: all }] : []), ...some.slice(0, MOST)];
      at = Math.min(at, Math.max(0, shown.length - 1));
      list.replaceChildren(...shown.map((one, index) => el(
        "li", { role: "option", id: `option-${index}`, "aria-selected": String(index === at), on: { click: () => end(one.name) } },
        el("span", {}, one.words ?? one.name), el("small", {}, one.hint ?? ""),
      )));
      $("picker-more").textContent = some.length > MOST ? `and ${number(some.length - MOST)} more: type to find them` : some.length ? "" : "no class is named like that";
      move(0);
    }
    function move(by) {
      list.children[at]?.setAttribute("aria-selected", "false");
      at = shown.length ? (at + by + shown.length) % shown.length : 0;
      const option = list.children[at];
      option?.setAttribute("aria-selected", "true");
      option?.scrollIntoView({ block: "nearest" });
      if (option) input.setAttribute("aria-activedescendant", option.id);
      else input.removeAttribute("aria-activedescendant");
    }
    let end = () => {};
    return new Promise((done) => {
      let answer = null;
      end = (name) => {
        answer = name;
        dialog.close();
      };
      input.oninput = () => { at = 0; draw(); };
      input.onkeydown = (event) => {
        const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8 }[event.key];
        if (step) {
          event.preventDefault();
          move(Math.abs(step) === 1 ? step : Math.max(-at, Math.min(shown.length - 1 - at, step)));
        } else if (event.key === "Enter") {
          event.preventDefault();
          if (shown[at]) end(shown[at].name);
        }
      };
      dialog.onclose = () => done(answer);
      draw();
      dialog.showModal();
      input.focus();
    });
  }

  async function chooseOther() {
    if (!ready) return;
    const row = current.row;
    const likely = current.likely.map((one) => ({ name: one.label, hint: percent(one.score) }));
    const first = new Set(likely.map((one) => one.name));
    const rest = classes.filter((one) => !first.has(one.name)).map((one) => ({ name: one.name, hint: count(one.photos, "photo") }));
    const name = await pick("Which class is it?", [...likely, ...rest]);
    if (name !== null && ready && current.row === row) await decideLabel(name);
  }

  // --- filters ------------------------------------------------------------------------------------------------

  const STATES = { todo: "not judged", judged: "judged", changed: "changed", skipped: "skipped", all: "all" };
  const ORDERS = { gain: "most gain first", classes: "classes take turns" };
  const LEAST = [[0.5, "50\u202f%"], [0.2, "20\u202f%"], [page.worth, percent(page.worth)], [0, "any"]];
  let draft = { ...filter };

  async function setFilter(next) {
    filter = next;
    remember(sessionStorage, mineKey("filter"), filter);
    turn += 1;
    ahead = [];
    counts = null;
    current = null;
    ready = false; // what was on show is not to be judged any more
    document.body.dataset.state = "loading";
    await moveOn();
    showSummary();
  }

  function chips(id, group, options, value, set) {
    $(id).replaceChildren(...options.map(([key, label]) => {
      const input = el("input", { type: "radio", name: group, value: key, on: { change: () => set(key) } });
      input.checked = key === value;
      return el("label", {}, input, el("span", {}, label));
    }));
  }

  async function drawFilter() {
    $("filter-text").value = draft.text;
    for (const side of ["given", "suggested"]) $(`filter-${side}`).textContent = draft[side] === null ? "all classes" : classes[draft[side]].name;
    chips("filter-states", "state", Object.entries(STATES), draft.state, (key) => { draft.state = key; });
    chips("filter-least", "least", LEAST, draft.least, (key) => { draft.least = key; recount(); });
    chips("filter-order", "order", Object.entries(ORDERS), draft.order, (key) => { draft.order = key; });
    await recount();
  }

  // How many photos each choice would show.
  let counting = 0;
  async function recount() {
    const asked = ++counting;
    const question = new URLSearchParams({ page: tab, row: -1, most: 1, back: true, least: draft.least, text: draft.text });
    for (const side of ["given", "suggested"]) if (draft[side] !== null) question.set(side, draft[side]);
    const answer = await ask(`/api/ahead?${question}`).catch(() => null);
    if (!answer || asked !== counting) return;
    for (const label of $("filter-states").children) {
      const key = label.querySelector("input").value;
      label.querySelector("span").textContent = `${STATES[key]} ${number(answer.counts[key])}`;
    }
  }

  function openFilter(focus) {
    draft = { ...filter };
    drawFilter();
    $("filter").showModal();
    $(focus).focus();
  }
  $("filter-text").addEventListener("input", () => { draft.text = $("filter-text").value; recount(); });
  for (const side of ["given", "suggested"]) {
    $(`filter-${side}`).addEventListener("click", async () => {
      const name = await pick(`Photos with which ${side} label?`, classes.map((one) => ({ name: one.name, hint: side === "given" ? count(one.photos, "photo") : "" })), "all classes");
      if (name === null) return;
      draft[side] = name === "" ? null : classes.findIndex((one) => one.name === name);
      drawFilter();
      $(`filter-${side}`).focus();
    });
  }
  $("filter").querySelector("form").addEventListener("submit", () => setFilter({ ...draft }));
  $("filter-clear").addEventListener("click", () => setFilter({ ...ANY }));
  $("filter-open").addEventListener("click", () => openFilter("filter-given"));

  // --- buttons and keys ---------------------------------------------------------------------------------------

  // After a click with a mouse the focus goes, or Enter would press the same button again.
  const unfocus = (event) => { if (event.detail > 0) document.activeElement?.blur(); };

  const acts = {
    keep: () => decide("keep"),
    accept: () => (current?.suggested ? decide("relabel", current.suggested.label) : say("There is no suggestion: O chooses a class.")),
    other: chooseOther,
    drop: () => decide("drop"),
    skip: () => decide("skip"),
    undo: () => undo(),
  };
  for (const button of document.querySelectorAll("[data-act]")) {
    button.addEventListener("click", (event) => {
      unfocus(event);
      acts[button.dataset.act]();
    });
  }
  const clicks = {
    back: moveBack, forward: moveOn, "far-open": openFar,
    "zoom-in": () => zoom.by(1.5), "zoom-out": () => zoom.by(1 / 1.5), zoom: () => zoom.toggle(),
    "help-open": () => $("help").showModal(),
    "who-open": () => { $("who-text").value = who; $("who").showModal(); $("who-text").select(); },
  };
  for (const [id, act] of Object.entries(clicks)) $(id).addEventListener("click", (event) => { unfocus(event); act(); });
  for (const dialog of document.querySelectorAll("dialog")) {
    for (const button of dialog.querySelectorAll(".close")) button.addEventListener("click", () => dialog.close());
    dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  }
  $("who").querySelector("form").addEventListener("submit", () => {
    const name = $("who-text").value.trim();
    if (!name) return;
    who = name;
    remember(localStorage, "thresher.who", { instead: page.who, name });
    showSummary();
  });

  const keys = {
    k: acts.keep, ArrowLeft: acts.keep, a: acts.accept, o: acts.other, d: acts.drop, s: acts.skip, ArrowRight: acts.skip, u: acts.undo,
    z: () => zoom.toggle(), "+": () => zoom.by(1.5), "=": () => zoom.by(1.5), "-": () => zoom.by(1 / 1.5),
    f: () => openFilter("filter-given"), "/": () => openFilter("filter-text"), n: () => { if (current) $("note").focus(); },
    "?": clicks["help-open"], i: openFar, ",": moveBack, ".": moveOn,
  };
  const MOVES = { ArrowLeft: [0.2, 0], ArrowRight: [-0.2, 0], ArrowUp: [0, 0.2], ArrowDown: [0, -0.2] };
  const REPEATS = ["+", "=", "-", ...Object.keys(MOVES)]; // a key that is held must not judge photos

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    const target = event.target;
    if (target.matches("input, textarea, select")) {
      if (event.key === "Escape" || event.key === "Enter") {
        event.preventDefault();
        target.blur();
      }
      return;
    }
    if (event.key === "Escape") {
      zoom.reset();
      document.activeElement?.blur();
      return;
    }
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const moves = MOVES[key] && zoom.active();
    if (event.repeat && !(moves || (REPEATS.includes(key) && !MOVES[key]))) return;
    if (moves) {
      event.preventDefault();
      zoom.pan(...MOVES[key]);
    } else if (key === "Enter" && !target.matches("button, a, summary")) {
      event.preventDefault();
      acts.accept();
    } else if (/^[1-9]$/.test(key) && current && ready) {
      const choice = keyed()[Number(key) - 1];
      if (choice) decideLabel(choice.label);
    } else if (keys[key]) {
      event.preventDefault();
      keys[key]();
    }
  });

  // --- begin --------------------------------------------------------------------------------------------------

  async function begin() {
    if (location.search.includes("token=")) history.replaceState(null, "", location.pathname);
    $("who-name").textContent = who;
    const pending = recall(sessionStorage, mineKey("pending"));
    if (pending?.body?.run === page.run) { // sent before, but no answer came: the same id is never written twice
      try {
        await deliver(pending.path, pending.body, pending.words);
        notice("late", "good", `${pending.words} is saved now.`, [], 6000);
      } catch (error) {
        notice("late", "bad", `${pending.words} was refused: ${error.message}`);
      }
    }
    classes = await insist("/api/classes");
    for (const side of ["given", "suggested"]) if (filter[side] !== null && !classes[filter[side]]) filter[side] = null;
    await poll();
    while (summary === null) {
      await wait(500);
      await poll();
    }
    setInterval(poll, POLL);
    const row = recall(sessionStorage, mineKey("row"));
    const before = row === null ? null : await factsOf(row).catch(() => null);
    if (before && !(filter.state === "todo" && before.stands)) await show(row);
    else await moveOn();
  }
  begin().catch((error) => notice("broken", "bad", `The page could not start: ${error.message}`, [["Load it again", () => location.reload()]]));
})();
