package analysis

import (
	"fmt"

	"github.com/oneshot-nas/oneshot/experiments/lab"
)

// Version says in a line which program this is, built by what, and on which machine and instruction set it runs.
func Version() string {
	p := lab.ThisProgram()
	revision := ""
	if p.Revision != "" {
		revision = ", revision " + p.Revision
	}
	return fmt.Sprintf("oneshot %s%s, %s, %s", p.Module, revision, p.Go, p.Machine)
}
