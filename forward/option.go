package forward

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"gor/forward/spelling"
)

// An Option is what is said of one target, by the name of the flag that says it of
// all. The package's documentation says how the two go together.
type Option struct{ Name, Value string }

// String is the option as ParseTarget reads it.
func (o Option) String() string { return o.Name + "=" + quote(o.Value) }

// separators end what stands behind a bar.
const separators = "|#,"

// quote writes a value so that it is read as it is.
func quote(v string) string {
	if v != "" && !strings.ContainsAny(v, separators) && v[0] != '\'' && v[0] != '"' && strings.TrimSpace(v) == v {
		return v
	}
	return "'" + strings.ReplaceAll(v, "'", "''") + "'"
}

// A word is what stands behind one bar: a name alone, a limit, or a name and a value.
type word struct {
	text  string // as it came
	name  string
	value string
	has   bool // there is a value
}

// nextWord reads a word from the start of s and returns what follows it, which is
// empty or begins with a separator.
func nextWord(s string) (w word, rest string, err error) {
	end := strings.IndexAny(s, separators)
	if end < 0 {
		end = len(s)
	}
	equals := strings.IndexByte(s[:end], '=')
	if equals < 0 {
		w.text = strings.TrimSpace(s[:end])
		w.name = w.text
		return w, s[end:], nil
	}
	w.name, w.has = strings.TrimSpace(s[:equals]), true
	value := strings.TrimLeft(s[equals+1:], " ")
	if value == "" || value[0] != '\'' && value[0] != '"' {
		w.text, w.value = strings.TrimSpace(s[:end]), strings.TrimSpace(s[equals+1:end])
		return w, s[end:], nil
	}
	w.value, rest, err = unquote(value)
	w.text = s[:len(s)-len(rest)]
	if rest = strings.TrimLeft(rest, " "); err == nil && rest != "" && !strings.Contains(separators, rest[:1]) {
		err = fmt.Errorf("%s=%s: %q behind the closing quote: a quote in a quoted value is written twice", w.name, value, rest)
	}
	return w, rest, err
}

// unquote reads what stands in quotes at the start of s: it ends at the next quote of
// the same kind that is not followed by another one, which two stand for one.
func unquote(s string) (value, rest string, err error) {
	var b strings.Builder
	mark := s[:1]
	for s = s[1:]; ; {
		before, after, found := strings.Cut(s, mark)
		b.WriteString(before)
		switch {
		case !found:
			return "", "", fmt.Errorf("a quote is not closed: %s%s", mark, b.String())
		case !strings.HasPrefix(after, mark):
			return b.String(), after, nil
		}
		b.WriteString(mark)
		s = after[1:]
	}
}

// targetFlags are the flags that may be said of one target: all about targets and
// filters but the targets themselves.
func targetFlags() []cli.Flag {
	return slices.DeleteFunc(append(Flags(), FilterFlags()...), func(f cli.Flag) bool { return f.Names()[0] == "forward" })
}

// option is the option that a word is; ok: its name is that of one, or it has a value.
func (w *word) option() (o Option, ok bool, err error) {
	var names []string
	for _, f := range targetFlags() {
		if f.Names()[0] == w.name {
			o = Option{w.name, w.value}
			if _, isBool := f.(*cli.BoolFlag); isBool && !w.has {
				o.Value = "true"
			} else if !w.has {
				return o, true, fmt.Errorf("|%s needs a value: %[1]s=…", w.name)
			}
			return o, true, o.check(f)
		}
		names = append(names, f.Names()[0])
	}
	near := spelling.Nearest(w.name, names)
	switch {
	case near != "":
		return o, true, fmt.Errorf("|%s: there is no setting %q: is it %s?", w.text, w.name, near)
	case w.has:
		return o, true, fmt.Errorf("|%s: there is no setting %q of a target (gor help targets)", w.text, w.name)
	}
	return o, false, nil
}

// check says what is wrong with an option's value, as far as its flag's kind tells.
func (o *Option) check(f cli.Flag) error {
	var err error
	example := ""
	switch f.(type) {
	case *cli.BoolFlag:
		_, err = strconv.ParseBool(o.Value)
		example = "no value, or true or false"
		if err == nil && o.Name == "methods-safe" && !o.isTrue() {
			return fmt.Errorf("|%s: filters of the flags hold for every target", o)
		}
	case *cli.IntFlag:
		var n int
		if n, err = strconv.Atoi(o.Value); err == nil && n <= 0 {
			err = strconv.ErrRange
		}
		example = "a whole number above zero"
	case *cli.DurationFlag:
		var d time.Duration
		if d, err = time.ParseDuration(o.Value); err == nil && d <= 0 {
			err = strconv.ErrRange
		}
		example = "a duration above zero, such as 5s"
	}
	if err != nil {
		return fmt.Errorf("|%s: give %s", o, example)
	}
	return nil
}

// isTrue reports whether the option of a flag that is set or not is set.
func (o *Option) isTrue() bool {
	set, err := strconv.ParseBool(o.Value)
	return err == nil && set
}
