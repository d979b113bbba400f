package cluster_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/oneshot-nas/oneshot/experiments/cluster"
	"github.com/oneshot-nas/oneshot/experiments/progress"
)

// squarer does pieces that are numbers to square.
type squarer struct{}

func (squarer) Join(string, json.RawMessage) error { return nil }

func (squarer) Do(_ context.Context, p *cluster.Piece, _ *cluster.Attempt) (json.RawMessage, []cluster.Local, error) {
	var n int
	if err := json.Unmarshal(p.Spec, &n); err != nil {
		return nil, nil, err
	}
	value, err := json.Marshal(n * n)
	return value, nil, err
}

// A coordinator and two workers, which would be on other machines.
func Example() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	c, err := cluster.Serve(ctx, cluster.Options{Name: "squares", Policy: cluster.Same, Lease: 30 * time.Second,
		Server: cluster.Server{Listen: "127.0.0.1:0", Dir: filepath.Join(dir, "queue")}})
	if err != nil {
		log.Fatal(err)
	}
	var workers sync.WaitGroup
	for range 2 {
		workers.Go(func() {
			o := cluster.WorkOptions{Connection: cluster.Connection{URL: c.URL()}, Wait: time.Minute}
			if err := cluster.Work(ctx, o, squarer{}); err != nil {
				log.Print(err)
			}
		})
	}
	if err := c.Study(ctx, "numbers", nil); err != nil {
		log.Fatal(err)
	}
	var squares []int
	order := cluster.Order{
		Take: func(_ context.Context, _ *cluster.Piece, s *cluster.State) error {
			var n int
			err := json.Unmarshal(s.Value, &n)
			squares = append(squares, n)
			return err
		},
		Task: progress.New(os.Stderr, true).Start("squares", "pieces", 5, 0),
	}
	for n := range 5 {
		order.Pieces = append(order.Pieces, cluster.Piece{Key: fmt.Sprint(n), Study: "numbers", Label: fmt.Sprint(n), Spec: json.RawMessage(fmt.Sprint(n))})
	}
	if err := c.Do(ctx, order); err != nil {
		log.Fatal(err)
	}
	if err := c.Close(true); err != nil {
		log.Fatal(err)
	}
	workers.Wait()
	slices.Sort(squares)
	fmt.Println(squares)
	// Output: [0 1 4 9 16]
}
