"use strict";
// Uses the page as a reader would and says what it saw, as JSON in the element #outcome.
(async () => {
	const outcome = { errors: window.seen };
	const all = (query, within = document) => [...within.querySelectorAll(query)];
	const text = (query) => document.querySelector(query).textContent;
	try {
		while (!("ready" in document.documentElement.dataset)) await new Promise((go) => setTimeout(go, 20));
		const host = document.querySelector(".explorer");
		outcome.dots = all("[data-plot=scatter] circle:not(.chosen)", host).length;
		outcome.curves = all("[data-plot=curves] [aria-label=line] path", host).length;
		outcome.columns = all("[data-axis=x] option", host).length;
		outcome.rows = all("tr[data-row]", host).length;

		// Where a dot is on the screen, and events there.
		const overlay = () => host.querySelector(".brush .overlay");
		const middle = (dot) => {
			const box = dot.getBoundingClientRect();
			return { clientX: box.x + box.width / 2, clientY: box.y + box.height / 2 };
		};
		const event = (type, at) => {
			const kind = type.startsWith("pointer") ? PointerEvent : MouseEvent;
			(type === "mousemove" || type === "mouseup" ? window : overlay()).dispatchEvent(new kind(type, { ...at, bubbles: true, view: window }));
		};
		const dots = all("[data-plot=scatter] circle:not(.chosen)", host);
		event("pointermove", middle(dots[5]));
		outcome.hovered = host.querySelector(".card b").textContent;
		const drawing = host.querySelector(".card img");
		await drawing.decode();
		outcome.drawing = drawing.naturalWidth;
		outcome.curvesOver = all("[data-plot=curves] path.chosen", host).length;

		const edge = overlay().getBoundingClientRect();
		event("mousedown", { clientX: edge.left + 1, clientY: edge.top + 1 });
		event("mousemove", { clientX: edge.left + edge.width / 2, clientY: edge.bottom - 1 });
		event("mouseup", { clientX: edge.left + edge.width / 2, clientY: edge.bottom - 1 });
		outcome.selected = text(".explorer [data-said]");
		outcome.out = all("[data-plot=scatter] circle.out", host).length;
		outcome.selectedRows = all("tr[data-row]", host).length;
		await new Promise((go) => setTimeout(go, 50)); // a click that comes with the end of a drag does not count

		const choose = (axis, value) => {
			const select = host.querySelector(`[data-axis=${axis}]`);
			select.value = value;
			select.dispatchEvent(new Event("change"));
		};
		choose("x", "2");
		outcome.xLabel = text(".explorer [data-plot=scatter] [aria-label='x-axis label']");
		outcome.afterChoice = text(".explorer [data-said]");
		choose("color", "1");
		outcome.colors = new Set(all("[data-plot=scatter] circle:not(.chosen)", host).map((c) => c.getAttribute("fill"))).size;

		all(".rows th", host)[1].click();
		outcome.sorted = all("tr[data-row] td:nth-child(2)", host).map((td) => +td.textContent).slice(0, 2);

		const before = getComputedStyle(document.body).backgroundColor;
		document.getElementById("theme").click();
		outcome.theme = [before, getComputedStyle(document.body).backgroundColor];
	} catch (error) {
		window.seen.push("driver: " + error.stack);
	}
	document.body.append(Object.assign(document.createElement("pre"), { id: "outcome", textContent: JSON.stringify(outcome) }));
})();
