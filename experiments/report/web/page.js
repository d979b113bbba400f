"use strict";
// The scatter of all architectures, with the table, drawings and learning curves that it is linked to. Everything else on the page is
// there without this script.

const number = (v) => (v === null || v === undefined ? "–" : d3.format(",.6~r")(v).replace("−", "-"));

// inflate reads the data of a study, which the page holds as gzip in base64.
async function inflate(element) {
	const bytes = Uint8Array.from(atob(element.textContent.trim()), (c) => c.charCodeAt(0));
	const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
	return JSON.parse(await new Response(stream).text());
}

// ranks are those of the values, with the mean rank where values are equal.
function ranks(values) {
	const order = d3.sort(d3.range(values.length), (i) => values[i]);
	const r = new Float64Array(values.length);
	for (let from = 0; from < order.length; ) {
		let to = from + 1;
		while (to < order.length && values[order[to]] === values[order[from]]) to++;
		for (let i = from; i < to; i++) r[order[i]] = (from + to - 1) / 2;
		from = to;
	}
	return r;
}

// spearman is the correlation of the ranks; NaN where one side is constant.
function spearman(x, y) {
	const a = ranks(x), b = ranks(y), ma = d3.mean(a), mb = d3.mean(b);
	let ab = 0, aa = 0, bb = 0;
	for (let i = 0; i < a.length; i++) {
		ab += (a[i] - ma) * (b[i] - mb);
		aa += (a[i] - ma) ** 2;
		bb += (b[i] - mb) ** 2;
	}
	return ab / Math.sqrt(aa * bb);
}

function element(name, attributes = {}, ...children) {
	const e = document.createElement(name);
	for (const [key, value] of Object.entries(attributes)) e.setAttribute(key, value);
	e.append(...children);
	return e;
}

class Explorer {
	constructor(host, data) {
		this.host = host;
		this.data = data;
		this.columns = data.columns.map((c, i) => ({ ...c, index: i, label: c.title + (c.unit ? ` (${c.unit})` : "") }));
		this.selected = null; // a set of rows, or all
		this.hovered = null;
		this.pinned = null;
		this.sort = { column: -1, down: true };
		this.shown = 100;
		const of = (kinds) => this.columns.find((c) => kinds.includes(c.kind) && c !== this.x);
		this.x = of(["truth"]) || this.columns[0];
		this.y = of(["score"]) || of(["proxy", "count"]) || this.columns.at(-1);
		this.color = null;
		this.build();
		this.draw();
	}

	build() {
		const controls = element("div", { class: "controls" });
		const choice = (name, title, current, optional) => {
			const select = element("select", { "data-axis": name });
			if (optional) select.append(element("option", { value: "" }, "none"));
			for (const [kind, columns] of d3.group(this.columns, (c) => c.kind)) {
				const group = element("optgroup", { label: { truth: "truth", score: "scores", count: "counts", proxy: "proxies" }[kind] || kind });
				for (const c of columns) group.append(element("option", { value: c.index }, c.label));
				select.append(group);
			}
			select.value = current ? current.index : "";
			select.addEventListener("change", () => {
				this[name] = select.value === "" ? null : this.columns[+select.value];
				this.selected = null;
				this.draw();
			});
			controls.append(element("label", {}, title + " ", select));
		};
		choice("x", "x", this.x);
		choice("y", "y", this.y);
		choice("color", "colour", this.color, true);
		this.said = element("p", { class: "faint", "data-said": "" });
		this.scatter = element("div", { "data-plot": "scatter" });
		this.curves = element("div", { "data-plot": "curves" });
		this.card = element("div", { class: "card" });
		this.rows = element("div", { class: "rows", tabindex: "0" });
		this.more = element("p", { class: "more faint" });
		this.host.append(controls, element("div", { class: "board" }, element("div", { class: "plots" }, this.said, this.scatter, this.curves), this.card), this.more, this.rows);
	}

	value(i, column) {
		return this.data.rows[i].values[column.index];
	}

	draw() {
		this.points = d3.range(this.data.rows.length).filter((i) => this.value(i, this.x) !== null && this.value(i, this.y) !== null);
		this.drawScatter();
		this.drawCurves();
		this.update();
	}

	drawScatter() {
		const crowd = Math.max(1, this.points.length / 100);
		const dark = getComputedStyle(document.documentElement).getPropertyValue("--dark").trim() === "1";
		const ramp = dark ? (t) => d3.interpolateViridis(0.25 + 0.75 * t) : (t) => d3.interpolateViridis(0.85 * t);
		const plot = Plot.plot({
			width: 700, height: 470, marginLeft: 70, marginTop: 30, marginBottom: 45, grid: true, style: { fontSize: "12px" },
			x: { label: this.x.label, nice: true, tickFormat: "~s", labelAnchor: "center", labelArrow: "none" },
			y: { label: this.y.label, nice: true, tickFormat: "~s", labelArrow: "none" },
			color: this.color ? { label: this.color.label, legend: true, type: "linear", interpolate: ramp, unknown: "var(--faint)", tickFormat: "~s" } : undefined,
			marks: [Plot.dot(this.points, {
				x: (i) => this.value(i, this.x), y: (i) => this.value(i, this.y),
				fill: this.color ? (i) => this.value(i, this.color) : "var(--color-1)",
				r: Math.max(1.5, 4 * crowd ** -0.25), fillOpacity: Math.max(0.3, 0.85 * crowd ** -0.2), className: "points",
			})],
		});
		this.scatter.replaceChildren(plot);
		const svg = d3.select(plot.tagName === "FIGURE" ? plot.querySelector("svg:last-of-type") : plot);
		const x = plot.scale("x"), y = plot.scale("y");
		this.at = new Map(this.points.map((i) => [i, [x.apply(this.value(i, this.x)), y.apply(this.value(i, this.y))]]));
		this.dots = svg.selectAll("[aria-label=dot] circle").data(this.points);
		const tree = d3.quadtree(this.points, (i) => this.at.get(i)[0], (i) => this.at.get(i)[1]);
		const brush = d3.brush().extent([[x.range[0], y.range[1]], [x.range[1], y.range[0]]]).on("brush end", ({ selection, sourceEvent }) => {
			if (!sourceEvent) return;
			this.selected = selection && new Set(this.points.filter((i) => {
				const [px, py] = this.at.get(i), [[x0, y0], [x1, y1]] = selection;
				return px >= x0 && px <= x1 && py >= y0 && py <= y1;
			}));
			this.shown = 100;
			this.update();
		});
		const near = (event) => tree.find(...d3.pointer(event, svg.node()), 30);
		svg.append("g").attr("class", "brush").call(brush)
			.on("pointermove.hover", (event) => this.hover(near(event) ?? null))
			.on("pointerleave.hover", () => this.hover(null))
			.on("click.pin", (event) => this.pin(near(event) ?? null));
		this.ring = svg.append("circle").attr("class", "chosen").attr("r", 7).style("display", "none");
	}

	// hover shows an architecture while the pointer is near it, pin until another is pinned.
	hover(i) {
		if (i === this.hovered) return;
		this.hovered = i;
		this.show();
	}

	pin(i) {
		this.pinned = i;
		this.show();
	}

	show() {
		const i = this.hovered ?? this.pinned;
		for (const tr of this.rows.querySelectorAll("tr[data-row]")) tr.classList.toggle("marked", +tr.dataset.row === i);
		const at = this.at.get(i);
		this.ring.style("display", at ? null : "none");
		if (at) this.ring.attr("cx", at[0]).attr("cy", at[1]);
		this.markCurves(i);
		if (i === null) {
			this.card.replaceChildren(element("p", { class: "faint" }, "Point at a dot or a row to see the architecture; a click keeps it. Drag over dots to select them; a click beside them selects all again."));
			return;
		}
		const row = this.data.rows[i];
		const values = element("dl");
		for (const c of this.columns) values.append(element("dt", {}, c.label), element("dd", {}, number(this.value(i, c))));
		this.card.replaceChildren(element("b", {}, row.arch));
		// As a picture, not as part of the page: what it holds cannot do anything here.
		if (row.svg) this.card.append(element("img", { alt: `drawing of ${row.arch}`, src: "data:image/svg+xml;charset=utf-8," + encodeURIComponent(row.svg) }));
		this.card.append(values);
	}

	// update brings all up to the selection.
	update() {
		this.dots.classed("out", (i) => this.selected !== null && !this.selected.has(i));
		const chosen = this.selected ? this.points.filter((i) => this.selected.has(i)) : this.points;
		const rho = spearman(chosen.map((i) => this.value(i, this.x)), chosen.map((i) => this.value(i, this.y)));
		this.said.textContent = `${chosen.length === this.data.rows.length ? "all" : chosen.length + " of"} ${this.data.rows.length} architectures: Spearman ρ ${Number.isNaN(rho) ? "undefined" : rho.toFixed(3)} (intervals are in the analyses)`;
		this.drawRows(chosen);
		this.curveLines?.classed("out", (c) => this.selected !== null && !this.selected.has(c));
		this.show();
	}

	drawRows(chosen) {
		const { column, down } = this.sort;
		const by = column < 0 ? (i) => this.data.rows[i].arch : (i) => this.data.rows[i].values[column];
		const order = column === -1 && down ? chosen : d3.sort(chosen, (a, b) => (down ? d3.descending : d3.ascending)(by(a) ?? NaN, by(b) ?? NaN));
		const head = element("tr");
		for (const c of [{ label: "architecture", index: -1 }, ...this.columns]) {
			const th = element("th", { class: c.index < 0 ? "" : "number", title: "sort" }, c.label);
			if (c.index === column) th.setAttribute("aria-sort", down ? "descending" : "ascending");
			th.addEventListener("click", () => {
				this.sort = { column: c.index, down: c.index === column ? !down : c.index >= 0 };
				this.update();
			});
			head.append(th);
		}
		const body = element("tbody");
		for (const i of order.slice(0, this.shown)) {
			const tr = element("tr", { "data-row": i }, element("td", { title: this.data.rows[i].arch }, this.data.rows[i].arch));
			for (const c of this.columns) tr.append(element("td", { class: "number" }, number(this.value(i, c))));
			tr.addEventListener("pointerenter", () => this.hover(i));
			tr.addEventListener("pointerleave", () => this.hover(null));
			tr.addEventListener("click", () => this.pin(i));
			body.append(tr);
		}
		this.rows.replaceChildren(element("table", {}, element("thead", {}, head), body));
		this.more.replaceChildren(`${this.selected ? "selected" : "all"}: ${order.length} architectures`);
		if (order.length > this.shown) {
			const button = element("button", { type: "button" }, "more");
			button.addEventListener("click", () => {
				this.shown *= 10;
				this.update();
			});
			this.more.append(`, the first ${this.shown} shown `, button);
		}
	}

	drawCurves() {
		if (this.curveLines || !this.data.curves) return;
		const index = new Map(this.data.rows.map((r, i) => [r.arch, i]));
		const lines = []; // one for each architecture and seed
		const points = [];
		for (const [arch, seeds] of Object.entries(this.data.curves)) {
			if (!index.has(arch)) continue;
			for (const curve of Object.values(seeds)) {
				curve.forEach((v, epoch) => points.push({ line: lines.length, epoch: epoch + 1, value: v }));
				lines.push(index.get(arch));
			}
		}
		if (lines.length === 0) return;
		const last = d3.max(points, (p) => p.epoch);
		const plot = Plot.plot({
			width: 700, height: 290, marginLeft: 70, marginTop: 50, marginBottom: 40, grid: true, style: { fontSize: "12px" },
			x: { label: "epoch", labelAnchor: "center", labelArrow: "none", ticks: last <= 20 ? d3.range(1, last + 1) : undefined, tickFormat: "d" },
			y: { label: "after each epoch of training alone", nice: true, labelArrow: "none" },
			marks: [Plot.line(points, { x: "epoch", y: "value", z: "line", stroke: "var(--color-1)", strokeOpacity: Math.max(0.08, 0.8 * lines.length ** -0.4), strokeWidth: 1.2 })],
		});
		this.curves.replaceChildren(plot);
		this.curveLines = d3.select(plot).selectAll("[aria-label=line] path").data(lines);
		this.curvesOver = d3.select(plot).append("g");
	}

	markCurves(i) {
		if (!this.curveLines) return;
		const paths = this.curveLines.nodes().filter((_, k) => this.curveLines.data()[k] === i);
		this.curvesOver.selectAll("path").data(paths).join("path").attr("d", (p) => p.getAttribute("d")).attr("class", "chosen");
	}
}

const explorers = [];

async function start() {
	for (const host of document.querySelectorAll(".explorer")) {
		try {
			explorers.push(new Explorer(host, await inflate(host.querySelector("script"))));
		} catch (error) {
			host.append(element("p", {}, `The architectures cannot be shown: ${error.message}`));
			console.error(error);
		}
	}
	document.documentElement.dataset.ready = "";
}

const theme = document.getElementById("theme");
const redraw = () => explorers.forEach((e) => e.draw());
theme.hidden = false;
theme.addEventListener("click", () => {
	const dark = getComputedStyle(document.documentElement).getPropertyValue("--dark").trim() === "1";
	document.documentElement.dataset.theme = dark ? "light" : "dark";
	redraw();
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
addEventListener("beforeprint", redraw);
addEventListener("afterprint", redraw);
start();
