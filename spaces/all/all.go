// Package all knows the search spaces by name: for programs that take the space from a flag.
//
//	space, err := all.New("nasbench201")
//
// Programs that work with one space import its package.
package all

import (
	"fmt"
	"slices"
	"strings"

	"github.com/oneshot-nas/oneshot/spaces"
	"github.com/oneshot-nas/oneshot/spaces/darts"
	"github.com/oneshot-nas/oneshot/spaces/dartsptb"
	"github.com/oneshot-nas/oneshot/spaces/nasbench101"
	"github.com/oneshot-nas/oneshot/spaces/nasbench201"
	"github.com/oneshot-nas/oneshot/spaces/nasbenchmacro"
	"github.com/oneshot-nas/oneshot/spaces/proxylessnas"
)

var published = []spaces.Space{
	darts.New(), dartsptb.New(), nasbench101.New(), nasbench101.NewOneShot(), nasbench201.New(),
	nasbenchmacro.New(), proxylessnas.New(),
}

// Spaces returns the spaces at their published sizes.
func Spaces() []spaces.Space { return slices.Clone(published) }

// Names returns their names.
func Names() []string {
	names := make([]string, len(published))
	for i, s := range published {
		names[i] = s.Name()
	}
	return names
}

// New returns the space of a name at its published size. The error lists the names there are.
func New(name string) (spaces.Space, error) {
	for _, s := range published {
		if s.Name() == name {
			return s, nil
		}
	}
	return nil, fmt.Errorf("no search space is called %q, want one of %s", name, strings.Join(Names(), ", "))
}
