package command

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// EnvName is the environment variable that says the same as a flag: that of
// --max-memory is GOR_MAX_MEMORY.
func EnvName(flag string) string {
	return "GOR_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// bindEnvironment has flags take their values from the environment where the command
// line does not give them. An empty variable says nothing: that is how a manifest
// leaves one out. Neither does one that Kubernetes makes of a service's name: beside a
// service called gor each container has GOR_PORT=udp://10.0.0.7:28020.
func bindEnvironment(flags []cli.Flag) {
	link := regexp.MustCompile(`^(tcp|udp|sctp)://`)
	for _, f := range flags {
		name := EnvName(f.Names()[0])
		var bound []string
		if value := os.Getenv(name); value != "" && !link.MatchString(value) {
			bound = []string{name}
		}
		switch f := f.(type) {
		case *cli.StringFlag:
			f.EnvVars = bound
		case *cli.StringSliceFlag:
			f.EnvVars = bound
		case *cli.BoolFlag:
			f.EnvVars = bound
		case *cli.IntFlag:
			f.EnvVars = bound
		case *cli.Uint64Flag:
			f.EnvVars = bound
		case *cli.DurationFlag:
			f.EnvVars = bound
		default:
			panic(fmt.Sprintf("command: no environment for a %T", f))
		}
	}
}

// fromEnvironment is err with the variables whose flags it speaks of and that nobody
// sees on the command line.
func (a *App) fromEnvironment(args []string, err error) error {
	i := slices.IndexFunc(a.Commands, func(c *cli.Command) bool { return len(args) > 0 && c.Name == args[0] })
	if i < 0 {
		return err
	}
	var set []string
	for _, f := range a.Commands[i].Flags {
		name := f.Names()[0]
		if !boundToEnvironment(f) || given(args, f) {
			continue
		}
		if regexp.MustCompile(`(^|[ (])--` + name + `([ :),]|$)`).MatchString(err.Error()) {
			set = append(set, EnvName(name))
		}
	}
	if set == nil {
		return err
	}
	coded := cli.ExitCoder(nil)
	if !errors.As(err, &coded) {
		return err
	}
	return cli.Exit(fmt.Errorf("%w (set in the environment: %s)", err, strings.Join(set, ", ")), coded.ExitCode())
}

// boundToEnvironment reports whether a flag has a value in the environment.
func boundToEnvironment(f cli.Flag) bool {
	d, ok := f.(cli.DocGenerationFlag)
	return ok && len(d.GetEnvVars()) > 0
}

// given reports whether the command line has a flag.
func given(args []string, f cli.Flag) bool {
	return slices.ContainsFunc(args, func(arg string) bool {
		name, _, _ := strings.Cut(strings.TrimLeft(arg, "-"), "=")
		return strings.HasPrefix(arg, "-") && slices.Contains(f.Names(), name)
	})
}
