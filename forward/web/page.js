"use strict";
(() => {
  // What requests, listeners and targets brought along is put into the page as text alone.
  const el = (tag, cls, ...inside) => {
    const e = document.createElement(tag);
    if (cls) e.className = cls;
    e.append(...inside.filter((x) => x !== null && x !== undefined));
    return e;
  };
  const svg = (tag, attributes, ...inside) => {
    const e = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const name in attributes) e.setAttribute(name, attributes[name]);
    e.append(...inside);
    return e;
  };
  const at = (id) => document.getElementById(id);
  const put = (id, ...inside) => {
    const e = at(id), left = e.scrollLeft;
    e.replaceChildren(...inside);
    e.scrollLeft = left;
  };

  // ---- numbers as people read them

  const whole = (n) => Math.round(n).toLocaleString("en-US");
  const short = (n) => n < 1e5 ? whole(n) : n < 1e7 ? (n / 1e3).toFixed(n < 1e6 ? 1 : 0) + "k" : n < 1e10 ? (n / 1e6).toFixed(n < 1e9 ? 1 : 0) + "M" : (n / 1e9).toFixed(1) + "G";
  const rate = (r) => r === 0 ? "0" : r < 10 ? r.toFixed(1) : short(r);
  const millis = (t) => t === 0 ? "–" : t < 1 ? Math.round(t * 1000) + " µs" : t < 10 ? t.toFixed(2) + " ms" : t < 1000 ? t.toFixed(0) + " ms" : (t / 1000).toFixed(2) + " s";
  const percent = (n, all) => {
    const p = all ? 100 * n / all : 0;
    return p === 0 ? "0 %" : p < .01 ? "<0.01 %" : p === 100 ? "100 %" : p > 99.9 ? ">99.9 %" : p.toFixed(p < 1 ? 2 : 1) + " %";
  };
  const span = (seconds) => {
    const s = Math.round(seconds), parts = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]];
    for (let i = 0; i < parts.length; i++) {
      const [size, unit] = parts[i];
      if (s < size && size > 1) continue;
      const rest = i < 2 ? Math.floor(s % size / parts[i + 1][0]) : 0;
      return Math.floor(s / size) + " " + unit + (rest ? " " + rest + " " + parts[i + 1][1] : "");
    }
  };
  const sum = (list, of) => list.reduce((n, x) => n + (of ? of(x) : x), 0);

  // ---- what the page has

  let now = null, slots = [], routes = [], differences = [], chosen = "quarter", saved = false;
  const colours = 5; // of lines, one for each target

  const take = (frame) => {
    now = frame.now;
    if (frame.slots) {
      slots = slots.concat(frame.slots).filter((s, i, all) => i === 0 || s.at > all[i - 1].at).slice(-180);
    }
    if (frame.routes) routes = frame.routes;
    if (frame.routes || frame.differences) differences = frame.differences || [];
    draw(!!frame.slots || !!frame.routes);
  };

  const draw = (all) => {
    drawHead();
    drawRiver();
    drawTargets();
    drawListeners();
    if (!all) return;
    drawPlots();
    drawRoutes();
    drawDifferences();
  };

  // ---- what is said first

  // The ends of requests: what was meant (f5), what is lost (f3), what is answered (by its code).
  const meant = new Set(["filtered", "sampled_out", "limited", "loop", "stopped", "skipped", "not replayed", "under way", "to other replayers", "open", "unsupported"]);
  const colour = (b) => b.kind === "code" ? (b.name < "400" ? "f1" : b.name < "500" ? "f2" : "f3") : b.kind === "kind" ? "f3" : meant.has(b.name) ? "f5" : b.name === "queue_full" ? "f4" : "f3";
  const isLost = (b) => b.kind !== "code" && b.kind !== "kind" && !meant.has(b.name);
  const says = (b) => (b.kind === "kind" ? "failed: " : "") + b.name;

  const lostBefore = (r) => sum((r.unsent || []).concat(r.lost || []).filter(isLost), (b) => b.n);
  const lostAt = (t) => sum(t.parts.filter(isLost), (b) => b.n);

  const drawHead = () => {
    const age = (now.at - now.began) / 1000;
    at("machine").textContent = now.machine ? " on " + now.machine : "";
    document.title = "gor replay" + (now.machine ? " on " + now.machine : "");
    at("about").textContent = "version " + now.version + ", for " + span(age) + (saved ? "; as it was on " + new Date(now.at).toLocaleString() : "");
    const minute = now.rivers.minute, wrong = [];
    if (now.not_ready) wrong.push(now.not_ready);
    if (now.lacks) wrong.push(now.lacks);
    for (const t of now.targets) if (t.failing) wrong.push(t.name + " fails: it gets single requests until it answers");
    const names = (list) => list.map((b) => whole(b.n) + " " + b.name).join(", ");
    const early = (minute.unsent || []).concat(minute.lost || []).filter(isLost);
    if (early.length) wrong.push("lost in the last minute, before they came here: " + names(early));
    for (const t of minute.targets) {
      const lost = t.parts.filter(isLost);
      if (lost.length) wrong.push("lost in the last minute at " + t.name + ": " + names(lost));
    }
    put("wrong", ...wrong.map((text) => el("p", "wrong", text)));
    const start = now.rivers.start, lost = lostBefore(start) + sum(start.targets, lostAt);
    const last = slots[slots.length - 1];
    const tile = (value, name, cls) => el("div", "tile", el("b", cls, value), el("span", "soft", name));
    put("tiles",
      tile(last ? rate(last.received / last.seconds) : "–", "received / s"),
      tile(rate(sum(now.targets, (t) => t.rate)), "answered / s"),
      tile(millis(Math.max(0, ...now.targets.map((t) => t.p50))), "p50"),
      tile(millis(Math.max(0, ...now.targets.map((t) => t.p99))), "p99"),
      tile(short(sum(now.targets, (t) => t.queue)), "waiting"),
      tile(short(lost), "lost, ever", lost ? "bad" : "good"));
  };

  // ---- the river: bars to one scale, and what leaves it between them

  const wide = 1000; // units across
  const least = 3; // units, so that what there is can be seen

  // A bar has its parts from left to right; a band leads what goes on to the next bar and the others away.
  const bar = (scale, parts) => {
    const s = svg("svg", {"class": "flow bar", viewBox: "0 0 1000 10", preserveAspectRatio: "none", role: "img"});
    for (const p of layout(scale, parts)) s.append(svg("rect", {"class": p.cls, x: p.x, y: 0, width: p.w, height: 10}, svg("title", {}, p.says + ": " + whole(p.n))));
    return s;
  };
  const layout = (scale, parts) => {
    let x = 0;
    return parts.filter((p) => p.n > 0).map((p) => {
      const placed = Object.assign({x: x, w: Math.max(least, p.n * scale)}, p);
      x += placed.w;
      return placed;
    });
  };
  const band = (scale, parts) => {
    const s = svg("svg", {"class": "flow band", viewBox: "0 0 1000 30", preserveAspectRatio: "none", "aria-hidden": "true"});
    for (const p of layout(scale, parts)) {
      const end = p.x + p.w;
      if (p.on) s.append(svg("path", {"class": p.cls, d: `M${p.x} 0H${end}V30H${p.x}Z`}));
      else s.append(svg("path", {"class": p.cls, d: `M${p.x} 0H${end}C${end} 9 ${end + 8} 16 ${end + 24} 20L${p.x + p.w / 2 + 14} 22C${p.x + 4} 16 ${p.x} 9 ${p.x} 0Z`}));
    }
    return s;
  };
  const chips = (branches, all) => el("div", "chips", ...branches.map((b) => el("span", "", el("i", b.cls || colour(b)), says(b) + " ", el("b", "", whole(b.n)), el("span", "soft", " " + percent(b.n, all)))));
  const stage = (name, n, cls) => el("div", "stage", el("b", cls || "", name), el("span", "", whole(n)));

  const drawRiver = () => {
    const r = now.rivers[chosen], river = el("div", "river");
    const unsent = r.unsent || [], lost = r.lost || [];
    const widest = Math.max(r.began, r.received, ...r.targets.map((t) => sum(t.parts, (b) => b.n)), 1);
    const small = (branches) => sum(branches, (b) => Math.max(0, least - b.n * wide / widest)); // what the least widths take
    const room = Math.max(small(unsent), small(lost), ...r.targets.map((t) => small(t.parts))) + 30;
    const scale = (wide - room) / widest;
    const left = (branches) => branches.map((b) => ({n: b.n, cls: colour(b), says: says(b)}));
    const step = (name, n, branches, goesOn) => {
      const parts = [{n: goesOn, cls: "f0", says: "went on", on: true}].concat(left(branches));
      river.append(stage(name, n), bar(scale, parts));
      if (branches.length) river.append(chips(branches, n));
      river.append(band(scale, parts));
    };
    if (r.source !== "received") {
      const sent = r.began - sum(unsent, (b) => b.n);
      step(r.source === "read" ? "read" : "captured by the listeners", r.began, unsent, sent);
      if (lost.length) step("sent", sent, lost, r.received);
    } else if (lost.length) step("sent, as far as is known here", r.began, lost, r.received);
    river.append(stage("received here", r.received), bar(scale, [{n: r.received, cls: "f0", says: "received"}]));
    if (r.targets.length > 1) river.append(el("p", "soft", "each of the " + r.targets.length + " targets is offered all of them"));
    for (const t of r.targets) {
      const offered = sum(t.parts, (b) => b.n);
      river.append(el("div", "target", stage("→ " + t.name, offered), bar(scale, left(t.parts)), chips(t.parts, offered)));
    }
    put("river", river);
  };

  const windows = [["minute", "minute"], ["quarter", "15 min"], ["start", "since start"]];
  const drawChoice = () => put("choice", ...windows.map(([key, name]) => {
    const b = el("button", "", name);
    b.type = "button";
    b.setAttribute("aria-pressed", String(key === chosen));
    b.addEventListener("click", () => {
      chosen = key;
      drawChoice();
      if (now) drawRiver();
    });
    return b;
  }));

  // ---- lines over the last quarter of an hour

  const box = {w: 420, h: 210, left: 50, right: 10, top: 8, bottom: 24};
  const inner = {w: box.w - box.left - box.right, h: box.h - box.top - box.bottom};
  const length = 900; // seconds
  const x = (t) => box.left + inner.w * (1 + (t - now.at) / 1000 / length);
  const y = (v) => box.top + (1 - v) * inner.h;

  // numbers is an axis from 0 to a round number, times one in whole decades.
  const numbers = (high) => {
    const base = Math.pow(10, Math.floor(Math.log10(Math.max(high, 1) / 4)));
    const step = [1, 2, 5, 10].map((f) => f * base).find((s) => s * 4 >= Math.max(high, 1) * .999);
    const top = step * Math.max(1, Math.ceil(Math.max(high, 1) / step - 1e-9)), ticks = [];
    for (let v = 0; v <= top * 1.0001; v += step) ticks.push([v / top, short(v) === "0" && v > 0 ? String(v) : v < 10 ? String(+v.toFixed(1)) : short(v)]);
    return {place: (v) => v / top, ticks: ticks};
  };
  const times = (low, high) => {
    const from = Math.floor(Math.log10(low)), to = Math.max(from + 1, Math.ceil(Math.log10(high))), ticks = [];
    const name = (e) => e < 0 ? Math.pow(10, e + 3) + " µs" : e < 3 ? Math.pow(10, e) + " ms" : Math.pow(10, e - 3) + " s";
    for (let e = from; e <= to; e++) ticks.push([(e - from) / (to - from), name(e)]);
    return {place: (v) => Math.min(1, Math.max(0, (Math.log10(v) - from) / (to - from))), ticks: ticks};
  };

  const plot = (title, key, axis, shapes) => {
    const s = svg("svg", {viewBox: `0 0 ${box.w} ${box.h}`, role: "img", "aria-label": title});
    for (const [v, label] of axis.ticks) {
      s.append(svg("path", {"class": "grid", d: `M${box.left} ${y(v).toFixed(1)}H${box.w - box.right}`}));
      s.append(svg("text", {x: box.left - 6, y: (y(v) + 4).toFixed(1), "text-anchor": "end"}, label));
    }
    for (const [minutes, label] of [[15, "15 min ago"], [10, "10"], [5, "5"], [0, "now"]]) {
      const at = box.left + inner.w * (1 - minutes / 15);
      s.append(svg("path", {"class": "grid", d: `M${at} ${box.top}V${box.h - box.bottom}`}));
      s.append(svg("text", {x: at, y: box.h - 6, "text-anchor": minutes === 15 ? "start" : minutes ? "middle" : "end"}, label));
    }
    s.append(...shapes);
    return el("section", "plot", el("h3", "", title), el("div", "key", ...key.map(([cls, name]) => el("span", "", cls ? el("i", cls) : null, name))), s);
  };
  // line goes through the values of the slots; null: a gap.
  const line = (cls, value, axis) => {
    let d = "", pen = false;
    slots.forEach((s) => {
      const v = value(s);
      if (v === null || x(s.at) < box.left) {
        pen = false;
        return;
      }
      d += `${pen ? "L" : "M"}${x(s.at).toFixed(1)} ${y(axis.place(v)).toFixed(1)}`;
      if (!pen) d += "h.1";
      pen = true;
    });
    return svg("path", {"class": "line " + cls, d: d || "M0 0"});
  };
  const highest = (values) => slots.reduce((m, s) => Math.max(m, ...values(s)), 0);

  const drawPlots = () => {
    const names = now.targets.map((t) => t.name), n = names.length;
    const of = (s, i, f) => s.targets[i] ? f(s.targets[i]) : null;
    const answered = (t) => sum(Object.values(t.codes || {}));
    const key = names.map((name, i) => ["f" + i % colours, name]);
    const rates = numbers(highest((s) => [s.received / s.seconds].concat(s.targets.map((t) => answered(t) / s.seconds))));
    const through = [line("s0 dash", (s) => s.received / s.seconds, rates)];
    for (let i = 0; i < n; i++) through.push(line("s" + i % colours, (s) => of(s, i, (t) => answered(t) / s.seconds), rates));
    let low = Infinity, high = 0;
    for (const s of slots) for (const t of s.targets) for (const v of [t.p50, t.p99]) if (v > 0) [low, high] = [Math.min(low, v), Math.max(high, v)];
    const took = high ? times(low, high) : times(1, 10), latency = [];
    for (let i = 0; i < n; i++) {
      latency.push(line("s" + i % colours, (s) => of(s, i, (t) => t.p99 || null), took));
      latency.push(line("dash s" + i % colours, (s) => of(s, i, (t) => t.p50 || null), took));
    }
    put("plots",
      plot("Answered per second", key.concat([["", "dashed: received"]]), rates, through),
      plot("How long it took", key.concat([["", "p99, dashed: p50"]]), took, latency),
      codesPlot());
  };

  // codesPlot stacks the answers of all targets by the first digit of their codes, and failures.
  const codesPlot = () => {
    const kinds = [["f1", "2xx, 3xx", /^[123]/], ["f2", "4xx", /^4/], ["f3", "5xx", /^[5-9]/], ["f4", "no answer", null]];
    const count = (s, re) => sum(s.targets, (t) => re ? sum(Object.entries(t.codes || {}).filter(([c]) => re.test(c)), ([, n]) => n) : t.failed || 0) / s.seconds;
    const axis = numbers(highest((s) => [sum(kinds, (k) => count(s, k[2]))]));
    const shown = slots.filter((s) => x(s.at) >= box.left), shapes = [];
    let below = shown.map(() => 0);
    for (const [cls, , re] of kinds) {
      const above = shown.map((s, i) => below[i] + count(s, re));
      const edge = (values, i) => `${x(shown[i].at).toFixed(1)} ${y(axis.place(values[i])).toFixed(1)}`;
      if (shown.length && above.some((v, i) => v > below[i])) {
        const up = shown.map((s, i) => edge(above, i)), down = shown.map((s, i) => edge(below, i)).reverse();
        const width = shown.length === 1 ? "h2" : "";
        shapes.push(svg("path", {"class": cls, d: "M" + up.join("L") + width + "L" + down.join("L") + "Z"}));
      }
      below = above;
    }
    return plot("Answers per second by status", kinds.map(([cls, name]) => [cls, name]), axis, shapes);
  };

  // ---- tables

  const cell = (text, cls) => el("td", cls || "", ...(Array.isArray(text) ? text : [text]));
  const table = (heads, rows) => el("table", "", el("tr", "", ...heads.map(([name, cls]) => el("th", cls || "", name))), ...rows.map((r) => el("tr", "", ...r)));
  const none = (text) => el("p", "soft", text);

  const drawTargets = () => {
    const start = now.rivers.start.targets;
    put("targets", table([["target", "route"], ["state", "name"], ["per s"], ["answered", "wide"], ["5xx"], ["failed"], ["p50", "wide"], ["p99"], ["wait p99", "wide"], ["waiting", "wide"], ["in flight", "wide"]],
      now.targets.map((t, i) => {
        const parts = start[i] ? start[i].parts : [], count = (f) => sum(parts.filter(f), (b) => b.n);
        const bad = count((b) => b.kind === "code" && b.name >= "500"), failed = count((b) => b.kind === "kind");
        return [cell([t.name, t.limit ? el("span", "soft", " |" + t.limit) : ""], "route"), cell(t.failing ? "fails" : t.paused ? "paused" : "up", "name " + (t.failing || t.paused ? "bad" : "good")), cell(rate(t.rate)), cell(short(count((b) => b.kind === "code")), "wide"),
          cell(short(bad), bad ? "bad" : ""), cell(short(failed), failed ? "bad" : ""), cell(millis(t.p50), "wide"), cell(millis(t.p99)), cell(millis(t.wait_p99), "wide"), cell(short(t.queue), "wide"), cell(short(t.in_flight), "wide")];
      })));
  };

  const drawRoutes = () => {
    if (!routes.length) return put("routes", none("no request has been answered yet"));
    const several = now.targets.length > 1, most = Math.max(...routes.map((r) => sum(r.targets, (t) => t.requests)));
    const rows = [];
    for (const r of routes) {
      const all = sum(r.targets, (t) => t.requests);
      r.targets.forEach((t, i) => {
        if (!t.requests) return;
        const share = el("span", "share");
        share.style.width = (100 * all / most).toFixed(1) + "%";
        const first = rows.length === 0 || rows[rows.length - 1].route !== r.route;
        const row = [cell(first ? [r.route, share] : "", "route")];
        if (several) {
          const name = now.targets[i] ? now.targets[i].name : "", of = cell([el("i", "f" + i % colours), name.replace(/^https?:\/\//, "")], "of");
          of.title = name;
          row.push(of);
        }
        row.push(cell(whole(t.requests)), cell(percent(t.errors, t.requests), t.errors ? "bad" : ""), cell(millis(t.p50), "wide"), cell(millis(t.p99)), cell(millis(t.max), "wide"));
        row.route = r.route;
        rows.push(row);
      });
    }
    const heads = [["route", "route"]].concat(several ? [["target", "name"]] : [], [["requests"], ["errors"], ["p50", "wide"], ["p99"], ["max", "wide"]]);
    put("routes", table(heads, rows));
  };

  const drawListeners = () => {
    if (!now.listeners.length) return put("listeners", none(now.rivers.start.source === "read" ? "requests come from a recording" : "no listener is connected, or none has said what it is yet"));
    put("listeners", table([["listener", "route"], ["version", "name"], ["captured"], ["not sent", "wide"], ["lost"], ["under way", "wide"]],
      now.listeners.map((l) => [cell([l.host + " ", el("span", "soft", l.address)], "route"), cell(l.version, "name" + (l.version === now.version ? "" : " bad")),
        cell(whole(l.captured)), cell(whole(l.unsent), "wide"), cell(whole(l.lost), l.lost ? "bad" : "good"), cell(whole(l.pending), "wide")])));
  };

  const drawDifferences = () => {
    const open = new Set([...document.querySelectorAll("#differences details[open]")].map((d) => d.dataset.key));
    at("differ").hidden = !differences.length;
    const example = (e) => {
      const list = el("dl", "");
      const row = (name, text) => text !== undefined && text !== "" && list.append(el("dt", "", name), el("dd", "", el("code", "", text)));
      row("request", e.request);
      row("then", e.then);
      row("now", e.now);
      for (const d of e.differences || []) row(d.path || "/", (d.what ? d.what + ": " : "") + d.then + (d.now === "" ? "" : " → " + d.now));
      row("again", e.curl);
      return list;
    };
    const ms = (ns) => millis(ns / 1e6);
    const took = (d) => d.latency_then && d.latency_then.count && d.latency_now && d.latency_now.count
      ? el("span", d.slower ? "bad" : "soft", "; p50 " + ms(d.latency_then.p50) + " → " + ms(d.latency_now.p50) + ", p99 " + ms(d.latency_then.p99) + " → " + ms(d.latency_now.p99)) : null;
    const places = (d) => d.paths && d.paths.length
      ? el("div", "chips", ...d.paths.map((p) => el("span", "", el("code", "", p.path), " " + p.what + " ", el("b", "", whole(p.count)), el("span", "soft", " of " + whole(p.of))))) : null;
    const undecided = (d) => (d.open || []).map((p) => el("p", "soft", "undecided: ", el("code", "", p.path), " " + p.what + " in " + whole(p.count) + " of " + whole(p.of),
      p.then || p.now ? ": " : "", p.then || p.now ? el("code", "", (p.then || "(nothing)") + " → " + (p.now || "(nothing)")) : null, "; " + p.decide + " will tell"));
    put("differences", el("div", "box", ...differences.map((d) => {
      const key = d.target + " " + d.route, reasons = Object.entries(d.reasons || {}).sort((a, b) => b[1] - a[1]).map(([name, n]) => name + " " + whole(n)).join(", ");
      const one = el("details", "", el("summary", "", el("b", "", d.route), " ", el("span", d.different ? "bad" : "soft", percent(d.different, d.compared) + " differ" + (d.undecided ? ", " + percent(d.undecided, d.compared) + " undecided" : "")),
        el("span", "soft", " of " + whole(d.compared) + (d.in_part ? ", " + whole(d.in_part) + " of them the same in part," : "") + " at " + d.target + (reasons ? ": " + reasons : "")), took(d)), places(d), ...(d.examples || []).map(example), ...undecided(d));
      one.dataset.key = key;
      one.open = open.has(key);
      return one;
    })));
  };

  // ---- where it comes from

  const state = (text, cls) => {
    at("state").textContent = text;
    at("state").className = "pill " + cls;
  };
  const connect = () => {
    const source = new EventSource("/events");
    let last = Date.now();
    source.onmessage = (m) => {
      last = Date.now();
      state("live", "good");
      take(JSON.parse(m.data));
    };
    const again = () => {
      state("no connection", "bad");
      source.close();
      clearInterval(watch);
      setTimeout(connect, 2000);
    };
    source.onerror = again;
    const watch = setInterval(() => Date.now() - last > 10000 && again(), 1000);
  };

  drawChoice();
  const data = at("data").textContent;
  if (data) {
    saved = true;
    at("save").hidden = true;
    state("saved", "");
    take(JSON.parse(data));
  } else connect();
})();
