package rnn

import (
	"fmt"

	"github.com/oneshot-nas/oneshot/kernels/fault"
	"github.com/oneshot-nas/oneshot/kernels/parallel"
	"github.com/oneshot-nas/oneshot/kernels/vec"
)

// Embedding looks rows up: y[i] = scale[index[i]]·table[index[i]] for y [len(index)][width] and table [rows][width]. A nil scale stands for
// ones; else it is a dropout of whole rows, as [Mask] makes it.
func Embedding(y, table []float32, index []int32, width int, scale []float32) {
	runEmbedding("rnn.Embedding", embeddingTask{y: y, table: table, index: index, width: width, scale: scale})
}

// EmbeddingBackward adds the gradient of [Embedding]'s result, dy, to that of the table: dTable[index[i]] += scale[index[i]]·dy[i]. The
// rows of one index are added in the order of i, on any number of threads.
func EmbeddingBackward(dTable, dy []float32, index []int32, width int, scale []float32) {
	runEmbedding("rnn.EmbeddingBackward", embeddingTask{y: dy, table: dTable, index: index, width: width, scale: scale, backward: true})
}

type embeddingTask struct {
	y, table []float32
	index    []int32
	width    int
	scale    []float32
	backward bool
}

var embeddingTasks parallel.FreeList[embeddingTask]

// Forward, a chunk is so many rows of the result; backward, so many columns of the table, so that no two chunks meet.
const embeddingRows, embeddingCols = 64, 64

func runEmbedding(op string, call embeddingTask) {
	if call.width < 1 {
		fault.Shape(op, fmt.Sprintf("width %d", call.width), "at least 1")
	}
	want(op, "y", call.y, len(call.index)*call.width)
	rows := len(call.table) / call.width
	if call.scale != nil {
		rows = min(rows, len(call.scale))
	}
	for i, v := range call.index {
		if v < 0 || int(v) >= rows {
			fault.Shape(op, fmt.Sprintf("%d as index %d", v, i), fmt.Sprintf("one of the %d rows of the table (or its scale)", rows))
		}
	}
	t := embeddingTasks.Get()
	defer embeddingTasks.Put(t)
	*t = call
	n, size := len(call.index), embeddingRows
	if call.backward {
		n, size = call.width, embeddingCols
	}
	parallel.Run((n+size-1)/size, len(call.y)/4, t)
	*t = embeddingTask{}
}

func (t *embeddingTask) Chunk(_ *parallel.Worker, i int) {
	w := t.width
	if t.backward {
		lo, hi := i*embeddingCols, min((i+1)*embeddingCols, w)
		for j, v := range t.index {
			to, from := t.table[int(v)*w+lo:int(v)*w+hi], t.y[j*w+lo:j*w+hi]
			if t.scale == nil {
				vec.LocalAddTo(to, from)
			} else if s := t.scale[v]; s != 0 {
				vec.LocalAxpy(to, s, from)
			}
		}
		return
	}
	for j := i * embeddingRows; j < min((i+1)*embeddingRows, len(t.index)); j++ {
		v := int(t.index[j])
		to, from := t.y[j*w:][:w], t.table[v*w:][:w]
		if t.scale == nil {
			copy(to, from)
		} else {
			scaleRow(to, from, t.scale[v])
		}
	}
}

// scaleRow is a product, but for a factor of zero, which stands for a row that is left out.
func scaleRow(to, from []float32, s float32) {
	if s == 0 {
		clear(to)
		return
	}
	vec.LocalScale(to, s, from)
}
