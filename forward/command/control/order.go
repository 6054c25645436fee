package control

import (
	"fmt"
	"slices"
	"strings"
)

// A Verb is something that may be asked for.
type Verb struct {
	Name  string
	Args  []string // the names of what follows it
	Of    string   // the command that it is for where several run; "": any
	Usage string   // what it does, in a few words
}

// Verbs are all there are.
func Verbs() []Verb {
	return []Verb{
		{"status", nil, "", "how it goes, since the start"},
		{"limit", []string{"TARGET", "N|N%|off"}, "replay", "give a target another limit"},
		{"pause", []string{"TARGET"}, "replay", "let nothing start at a target; what comes waits"},
		{"resume", []string{"TARGET"}, "replay", "end the pause"},
		{"deny-path", []string{"REGEX"}, "replay", "take out requests whose path matches, from now on"},
		{"drain", nil, "", "take nothing new, deliver what is held, and end"},
		{"explain", []string{"on|off"}, "listen", "say why requests are not handed on"},
	}
}

// who is asked by Places alone.
const who = "who"

// String is how the verb is written, with what follows it.
func (v Verb) String() string { return strings.Join(append([]string{v.Name}, v.Args...), " ") }

// Check says what is wrong with the words of an order, if anything is.
func Check(words []string) error {
	if len(words) == 0 {
		return fmt.Errorf("say what to do: %s", names())
	}
	v := verbOf(words)
	if v.Name == "" {
		return fmt.Errorf("there is no %q: use %s", words[0], names())
	}
	if len(words)-1 != len(v.Args) {
		return fmt.Errorf("give %q", v)
	}
	return nil
}

// verbOf is the verb of an order; without a name: there is none.
func verbOf(words []string) Verb {
	for _, v := range Verbs() {
		if len(words) > 0 && v.Name == words[0] {
			return v
		}
	}
	return Verb{}
}

// names lists the verbs' names for people.
func names() string {
	var all []string
	for _, v := range Verbs() {
		all = append(all, v.Name)
	}
	last := len(all) - 1
	return strings.Join(all[:last], ", ") + " or " + all[last]
}

// Controls are what a command lets be done to it; what is nil it cannot do. Any goroutine
// may call them.
type Controls struct {
	// Status says how it goes, for people and as a JSON object.
	Status func() (text string, data []byte)

	// Limit gives a target another limit, and says what it was.
	Limit func(target, limit string) (before string, err error)

	// Pause and Resume say whether the target was paused before.
	Pause, Resume func(target string) (before bool, err error)

	// DenyPath takes out requests whose path matches, from now on.
	DenyPath func(expr string) error

	// Drain ends the run, but for what is held.
	Drain func()

	// Explain says, or says no more, why requests are not handed on.
	Explain func(on bool)
}

// do carries out what words, which are checked, say; changed says whether that is a
// change, and not only a question.
func (c *Controls) do(words []string) (a Answer, changed bool) {
	var err error
	arg := append(slices.Clone(words[1:]), "", "")
	switch verb := words[0]; {
	case verb == "status" && c.Status != nil:
		a.Text, a.Data = c.Status()
		return a, false
	case verb == "limit" && c.Limit != nil:
		var before string
		if before, err = c.Limit(arg[0], arg[1]); err == nil {
			a.Text = fmt.Sprintf("%s: the limit is %s now; it was %s", arg[0], arg[1], before)
		}
	case verb == "pause" && c.Pause != nil:
		a.Text, err = c.pause(c.Pause, arg[0], "paused", true)
	case verb == "resume" && c.Resume != nil:
		a.Text, err = c.pause(c.Resume, arg[0], "resumed", false)
	case verb == "deny-path" && c.DenyPath != nil:
		a.Text, err = "requests whose path matches "+arg[0]+" are filtered from now on", c.DenyPath(arg[0])
	case verb == "drain" && c.Drain != nil:
		c.Drain()
		a.Text = "it takes nothing new, delivers what it holds, and ends"
	case verb == "explain" && c.Explain != nil:
		a.Text, err = c.explain(arg[0])
	default:
		err = fmt.Errorf("it has no %s", map[bool]string{true: "targets", false: verb}[verb == "limit" || verb == "pause" || verb == "resume"])
	}
	if err != nil {
		return Answer{Error: err.Error()}, false
	}
	return a, true
}

// pause pauses or resumes, and says so.
func (c *Controls) pause(do func(string) (bool, error), target, word string, to bool) (string, error) {
	switch before, err := do(target); {
	case err != nil:
		return "", err
	case before == to:
		return target + " was " + map[bool]string{true: "paused already", false: "not paused"}[to], nil
	}
	return target + " is " + word, nil
}

// explain turns explanations on or off.
func (c *Controls) explain(to string) (string, error) {
	if to != "on" && to != "off" {
		return "", fmt.Errorf("explain %q: give on or off", to)
	}
	c.Explain(to == "on")
	return "explanations of what is not handed on are " + to + "; they go where its log goes", nil
}
