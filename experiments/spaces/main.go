package main

import (
	"errors"
	"flag"
	"fmt"
	"os"

	"github.com/oneshot-nas/oneshot/experiments/console"
	"github.com/oneshot-nas/oneshot/experiments/spaces/inspect"
)

func main() {
	err := inspect.Run("spaces", os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "spaces:", console.Message(err))
		os.Exit(1)
	}
}
