package command

import (
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// givenTwice is the mistake of giving a flag twice that takes one value: the flag package
// takes the last one without a word. What is wrong otherwise that package says
// better. args begin behind the command's name.
func givenTwice(c *cli.Command, args []string) error {
	first := make(map[int]string) // by the flag's place among the command's
	for i := 0; i < len(args) && len(args[i]) > 1 && args[i][0] == '-' && args[i] != "--"; i++ {
		name, value, joined := strings.Cut(strings.TrimPrefix(args[i][1:], "-"), "=")
		k := slices.IndexFunc(c.Flags, func(f cli.Flag) bool { return slices.Contains(f.Names(), name) })
		if k < 0 {
			return nil
		}
		if _, alone := c.Flags[k].(*cli.BoolFlag); alone {
			continue
		}
		if !joined {
			if i++; i == len(args) {
				return nil
			}
			value = args[i]
		}
		if many, ok := c.Flags[k].(cli.DocGenerationSliceFlag); ok && many.IsSliceFlag() {
			continue
		}
		if before, ok := first[k]; ok {
			return UsageError("%s: --%s takes one value: %q or %q", c.Name, c.Flags[k].Names()[0], before, value)
		}
		first[k] = value
	}
	return nil
}
