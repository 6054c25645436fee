package command

import (
	"github.com/urfave/cli/v2"

	"gor/forward/spelling"
)

// nearest is the flag that somebody may have meant who wrote name, with its dashes;
// empty: none is near.
func nearest(flags []cli.Flag, name string) string {
	var names []string
	for _, f := range flags {
		names = append(names, f.Names()...)
	}
	near := spelling.Nearest(name, names)
	if near == "" {
		return ""
	}
	return dashes(near) + near
}
