package cluster

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
)

// handOut puts pieces into the queue, if they are not in it already or done, and before that the files that they need into the store.
func (c *Coordinator) handOut(ctx context.Context, o *Order, b *board, pieces []*Piece) error {
	for _, p := range pieces {
		if c.held[p.Key] != nil {
			continue
		}
		for _, name := range p.Needs {
			if err := c.share(ctx, p.Study, name, o.Path(name)); err != nil {
				return fmt.Errorf("%s, which %s needs: %w", name, p.Label, err)
			}
		}
		message := work{Piece: *p}
		err := c.s.retry(ctx, func(ctx context.Context) (err error) {
			message.Spec, message.Large, err = c.s.large(ctx, "spec/"+p.Key, p.Spec)
			return err
		})
		if err != nil {
			return err
		}
		js, err := json.Marshal(message)
		if err != nil {
			return err
		}
		err = c.s.retry(ctx, func(ctx context.Context) error {
			_, err := c.s.js.Publish(ctx, c.s.info.work(p.Key), js)
			if twice(err) {
				return nil
			}
			return err
		})
		if err != nil {
			return fmt.Errorf("handing out %s: %w", p.Label, err)
		}
	}
	return nil
}

// share stores a file of a study for those who need it.
func (c *Coordinator) share(ctx context.Context, study, name, path string) error {
	sha, err := sum(path)
	if err != nil {
		return err
	}
	return c.s.move(ctx, func(ctx context.Context, moved io.Writer) error {
		return c.s.upload(ctx, sharedObject(study, name), path, sha, moved)
	})
}

// Fetch writes a file of a result to a path.
func (c *Coordinator) Fetch(ctx context.Context, f File, path string) error {
	return c.s.move(ctx, func(ctx context.Context, moved io.Writer) error {
		return c.s.download(ctx, f.Object, path, f.SHA256, moved)
	})
}
