package cluster

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/nats-io/nats.go"
)

// Activity is what a worker does.
type Activity struct {
	Worker  Worker    `json:"worker"`
	Label   string    `json:"label"` // of the piece; "" if it waits for one
	Piece   string    `json:"piece"`
	Done    int       `json:"done"` // of Total units; 0 of 0 if nobody counts
	Total   int       `json:"total"`
	Refused string    `json:"refused,omitempty"` // why it has not been let in
	Gone    bool      `json:"gone,omitempty"`    // it has ended
	At      time.Time `json:"-"`                 // when it was heard from
}

// heard notes what a worker says.
func (c *Coordinator) heard(m *nats.Msg) {
	var a Activity
	if json.Unmarshal(m.Data, &a) != nil {
		return
	}
	a.At = time.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	if a.Gone {
		delete(c.workers, a.Worker.ID)
		return
	}
	c.workers[a.Worker.ID] = a
}

// Workers are those that were heard from lately, in the order of their names.
func (c *Coordinator) Workers() []Activity {
	c.mu.Lock()
	defer c.mu.Unlock()
	var all []Activity
	for id, a := range c.workers {
		if time.Since(a.At) > c.s.info.Lease {
			delete(c.workers, id)
			continue
		}
		all = append(all, a)
	}
	slices.SortFunc(all, func(a, b Activity) int { return cmp.Compare(a.Worker.ID, b.Worker.ID) })
	return all
}

// report says who works on what, and how much of the work is done: pieces that are being done count as far as they are.
func (c *Coordinator) report(o *Order, b *board) {
	const often = 100 * time.Millisecond
	if time.Since(c.reported) < often {
		return
	}
	c.reported = time.Now()
	var doing []string
	part := 0.0
	busy := make(map[string]int) // by host
	workers := c.Workers()
	for _, a := range workers {
		switch p := b.waiting[a.Piece]; {
		case a.Refused != "":
			doing = append(doing, fmt.Sprintf("%s refused: %s", a.Worker.ID, a.Refused))
			continue
		case a.Piece == "":
			doing = append(doing, a.Worker.ID+" waits")
		case a.Total > 0:
			share := float64(a.Done) / float64(a.Total)
			if p != nil {
				part += share * p.Work
			}
			doing = append(doing, fmt.Sprintf("%s: %s %.0f %%", a.Worker.ID, a.Label, 100*share))
		default:
			doing = append(doing, fmt.Sprintf("%s: %s", a.Worker.ID, a.Label))
		}
		busy[a.Worker.ID]++
	}
	o.Task.Measure(b.done+part, b.all)
	switch {
	case len(workers) == 0:
		o.Task.Note("no workers; start some with worker -connect %s", c.URL())
	default:
		var line bytes.Buffer
		fmt.Fprintf(&line, "%d workers", len(busy))
		if len(busy) == 1 {
			line.Truncate(0)
			line.WriteString("1 worker")
		}
		for i, d := range doing {
			separator := "; "
			if i == 0 {
				separator = "  "
			}
			line.WriteString(separator + d)
		}
		o.Task.Note("%s", line.String())
	}
	o.Task.Add(0)
}
