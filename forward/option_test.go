package forward

import (
	"io"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/urfave/cli/v2"
)

// options are options in pairs of name and value.
func options(pairs ...string) (all []Option) {
	for pair := range slices.Chunk(pairs, 2) {
		all = append(all, Option{pair[0], pair[1]})
	}
	return all
}

// What stands behind a URL is read as it was meant: short forms, names alone, values
// plain and in quotes.
func TestTargetSettings(t *testing.T) {
	for _, tt := range []struct {
		text string
		want TargetSpec
	}{
		{"a|method=GET", TargetSpec{URL: "http://a", Options: options("method", "GET")}},
		{"a#method=GET", TargetSpec{URL: "http://a", Options: options("method", "GET")}},
		{"a | method = GET ", TargetSpec{URL: "http://a", Options: options("method", "GET")}},
		{"a|10%|method=GET|deny-path=^/x$", TargetSpec{URL: "http://a", Percent: 10, Options: options("method", "GET", "deny-path", "^/x$")}},
		{"https://a|method=GET|h2|7", TargetSpec{URL: "https://a", Rate: 7, HTTP2: true, Options: options("method", "GET")}},
		{"a|methods-safe", TargetSpec{URL: "http://a", Options: options("methods-safe", "true")}},
		{"a|original-host=false", TargetSpec{URL: "http://a", Options: options("original-host", "false")}},
		{"a|method='GET,HEAD'", TargetSpec{URL: "http://a", Options: options("method", "GET,HEAD")}},
		{`a|method="GET,HEAD"`, TargetSpec{URL: "http://a", Options: options("method", "GET,HEAD")}},
		{"a|deny-path='^/(x|y)#'|5", TargetSpec{URL: "http://a", Rate: 5, Options: options("deny-path", "^/(x|y)#")}},
		{"a|set-header='X: it''s'", TargetSpec{URL: "http://a", Options: options("set-header", "X: it's")}},
		{`a|set-header="X: it's"`, TargetSpec{URL: "http://a", Options: options("set-header", "X: it's")}},
		{`a|set-header="X: ""1"""`, TargetSpec{URL: "http://a", Options: options("set-header", `X: "1"`)}},
		{"a|set-header=X: it's", TargetSpec{URL: "http://a", Options: options("set-header", "X: it's")}},
		{"a|set-header=Cookie: a=b; c=d", TargetSpec{URL: "http://a", Options: options("set-header", "Cookie: a=b; c=d")}},
		{"a|set-header=A: 1|set-header=B: 2", TargetSpec{URL: "http://a", Options: options("set-header", "A: 1", "set-header", "B: 2")}},
		{"a|rewrite-path=^/v1:/v2", TargetSpec{URL: "http://a", Options: options("rewrite-path", "^/v1:/v2")}},
		{"a|ca-file=/etc/ca.pem|insecure", TargetSpec{URL: "http://a", Options: options("ca-file", "/etc/ca.pem", "insecure", "true")}},
		{"a|concurrency=4|timeout=5s|buffer-size=1MiB", TargetSpec{URL: "http://a", Options: options("concurrency", "4", "timeout", "5s", "buffer-size", "1MiB")}},
		{"a|remove-header=", TargetSpec{URL: "http://a", Options: options("remove-header", "")}},
		{"a|remove-header=''", TargetSpec{URL: "http://a", Options: options("remove-header", "")}},
		{"http://a/x='y|10", TargetSpec{URL: "http://a/x='y", Rate: 10}},
	} {
		got, err := ParseTarget(tt.text)
		if err != nil || !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%q: %+v, %v, want %+v", tt.text, got, err, tt.want)
			continue
		}
		if again, err := ParseTarget(got.String()); err != nil || !reflect.DeepEqual(again, got) {
			t.Errorf("%q: %q is %+v, %v", tt.text, got.String(), again, err)
		}
	}
}

// What is wrong is named, with what would be right.
func TestTargetSettingErrors(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{"a|methd=GET", "is it method?"},
		{"a|denypath=/x", "is it deny-path?"},
		{"a|deny_path=/x", "is it deny-path?"},
		{"a|set-headers=X: 1", "is it set-header?"},
		{"a|orignal-host", "is it original-host?"},
		{"a|port=80", `no setting "port"`},
		{"a|forward=b", `no setting "forward"`},
		{"a|=x", `no setting ""`},
		{"a|METHOD=GET", `no setting "METHOD"`},
		{"a|method", "method needs a value"},
		{"a|timeout", "timeout needs a value"},
		{"a|timeout=5", "such as 5s"},
		{"a|timeout=-5s", "above zero"},
		{"a|concurrency=0", "above zero"},
		{"a|concurrency=x", "whole number"},
		{"a|insecure=maybe", "true or false"},
		{"a|methods-safe=no", "true or false"},
		{"a|methods-safe=false", "hold for every target"},
		{"a|deny-path='^/(x|y)", "not closed"},
		{"a|deny-path='x'y", "written twice"},
		{"a|deny-path='x' y|10", "written twice"},
		{"a|deny-path=^/(x|y)", "deny-path='…|…'"},
		{"a|deny-path=^/x|h2|h2", "h2 once"},
		{"a|10|method=GET|20", "one limit"},
		{"a|method=GET|x", "such as |10"},
		{"a|method=GET,b", "one target, not several"},
	} {
		_, err := ParseTarget(tt.text)
		if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: %v, want something about %q", tt.text, err, tt.want)
		}
	}
}

// A comma begins a target, but for those in quotes; one that was meant for a value is
// found out.
func TestTargetLists(t *testing.T) {
	for _, tt := range []struct {
		list string
		want []string // as the targets read back; empty: refused
	}{
		{"a,b", []string{"http://a", "http://b"}},
		{" a|1 , https://b|h2 ", []string{"http://a|1", "https://b|h2"}},
		{"a|method='GET,HEAD',http://b", []string{"http://a|method='GET,HEAD'", "http://b"}},
		{"http://a|deny-path='x{1,2}' ,https://b|h2|method=PUT", []string{"http://a|deny-path='x{1,2}'", "https://b|h2|method=PUT"}},
		{"a|method=GET,http://b", []string{"http://a|method=GET", "http://b"}},
		{"a|10,b|20", []string{"http://a|10", "http://b|20"}},
		{"a|method=GET,HEAD", nil}, {"a|method=GET,b", nil}, {"a|deny-path=x{1,2}", nil}, {"a|method=GET,", nil},
		{"a,", nil}, {",a", nil}, {"a,,b", nil}, {"", nil},
	} {
		specs, err := ParseTargets(tt.list)
		var got []string
		for i := range specs {
			got = append(got, specs[i].String())
		}
		if (err != nil) != (tt.want == nil) || err == nil && !slices.Equal(got, tt.want) {
			t.Errorf("%q: %q, %v", tt.list, got, err)
		}
	}
	if _, err := ParseTargets("a|method=GET,HEAD"); err == nil || !strings.Contains(err.Error(), "method='…,…'") {
		t.Errorf("a list without quotes: %v", err)
	}
}

// FuzzTargets parses anything as a list of targets. What is accepted reads back as
// the same, and says nothing that no flag says.
func FuzzTargets(f *testing.F) {
	for _, s := range []string{
		"http://a|10,b|5%", "a|method='GET,HEAD'|h2", `https://a|set-header="X: ""1"""|h2,https://b`, "a|deny-path='it''s|#,'", "a|insecure",
		"a | timeout = 5s ,http://b", "a|deny-path='", "a#10%req#original-host=false", "a|x='y'z", "''|''", "a|remove-header= ",
	} {
		f.Add(s)
	}
	known := map[string]bool{}
	for _, flag := range targetFlags() {
		known[flag.Names()[0]] = true
	}
	f.Fuzz(func(t *testing.T, list string) {
		specs, err := ParseTargets(list)
		if err != nil {
			return
		}
		var texts []string
		for i := range specs {
			for _, o := range specs[i].Options {
				if !known[o.Name] {
					t.Fatalf("%q: the setting %q", list, o.Name)
				}
			}
			texts = append(texts, specs[i].String())
		}
		again, err := ParseTargets(strings.Join(texts, ","))
		if err != nil || !reflect.DeepEqual(again, specs) {
			t.Fatalf("%q: %q is %+v, %v, not %+v", list, texts, again, err, specs)
		}
	})
}

// fromFlags is what a command line says of forwarding.
func fromFlags(t *testing.T, args ...string) (cfg Config, err error) {
	t.Helper()
	app := &cli.App{
		Flags: append(Flags(), FilterFlags()...), DisableSliceFlagSeparator: true, Writer: io.Discard, ErrWriter: io.Discard,
		ExitErrHandler: func(*cli.Context, error) {},
		Action: func(c *cli.Context) error {
			cfg, err = FromFlags(c)
			return nil
		},
	}
	if runErr := app.Run(append([]string{"gor"}, args...)); runErr != nil {
		t.Fatal(runErr)
	}
	return cfg, err
}

// A target has what the flags say and, where it says something else, that.
func TestOwnSettings(t *testing.T) {
	cfg, err := fromFlags(t, "--timeout", "10s", "--concurrency", "7", "--insecure", "--buffer-size", "2MiB",
		"-f", "https://a,https://b|timeout=3s|insecure=false|buffer-size=1MiB", "-f", "https://c|concurrency=2|original-host")
	if err != nil {
		t.Fatal(err)
	}
	if len(cfg.Targets) != 3 || cfg.Targets[0].Own != nil || cfg.Timeout != 10*time.Second {
		t.Fatalf("%+v", cfg)
	}
	b, c := cfg.Targets[1].Own, cfg.Targets[2].Own
	if b.Timeout != 3*time.Second || b.TLS.Insecure || b.BufferBytes != 1<<20 || b.Concurrency != 7 || b.OriginalHost {
		t.Errorf("b: %+v", b)
	}
	if c.Timeout != 10*time.Second || !c.TLS.Insecure || c.BufferBytes != 2<<20 || c.Concurrency != 2 || !c.OriginalHost {
		t.Errorf("c: %+v", c)
	}
	for _, tt := range []struct{ target, want string }{
		{"https://a|client-cert=x.pem", "give both"}, {"http://a|deny-path=(", "deny-path"}, {"http://a|set-header=X", "set-header"},
		{"http://a|method=get", "give GET"}, {"http://a|buffer-size=lots", "such as 64MiB"}, {"http://a|remove-header=Host", "needs its Host"},
	} {
		if _, err := fromFlags(t, "-f", tt.target); err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), `target "http`) {
			t.Errorf("%s: %v, want something about %s", tt.target, err, tt.want)
		}
	}
	if _, err := fromFlags(t, "-f", "http://a|ca-file=/nonexistent"); err != nil {
		t.Errorf("files are not read before they are needed: %v", err)
	}
	if _, err := New(Config{Targets: []TargetSpec{{URL: "https://a", Own: &Config{TLS: TLSConfig{CAFile: "/nonexistent"}}}}}); err == nil {
		t.Error("a CA file of one target that is not there passes")
	}
	if _, err := New(Config{Targets: []TargetSpec{{URL: "https://a", Own: &Config{MaxWait: -1}}}}); err == nil {
		t.Error("a bound of one target below zero passes")
	}
}

// Header changes of the flags and of a target are both made; about a header that both
// speak of, the target has the last word.
func TestChangesTogether(t *testing.T) {
	for _, tt := range []struct {
		name       string
		flags      RewriteConfig
		own        RewriteConfig
		host       bool
		set        []string
		remove     []string
		rewritings []string
	}{
		{"nothing", RewriteConfig{}, RewriteConfig{}, false, nil, nil, nil},
		{"the flags' alone", RewriteConfig{SetHeader: []string{"A: 1"}, RemoveHeader: []string{"B"}, RewritePath: []string{"x:y"}}, RewriteConfig{}, false,
			[]string{"A: 1"}, []string{"B"}, []string{"x:y"}},
		{"both", RewriteConfig{SetHeader: []string{"A: 1"}, RemoveHeader: []string{"B"}, RewritePath: []string{"x:y"}},
			RewriteConfig{SetHeader: []string{"C: 2"}, RemoveHeader: []string{"D"}, RewritePath: []string{"y:z"}}, false,
			[]string{"C: 2", "A: 1"}, []string{"B", "D"}, []string{"x:y", "y:z"}},
		{"the same header", RewriteConfig{SetHeader: []string{"A: 1", "B: 1"}}, RewriteConfig{SetHeader: []string{"a : 2"}}, false, []string{"a : 2", "B: 1"}, nil, nil},
		{"set for all, removed for one", RewriteConfig{SetHeader: []string{"A: 1"}}, RewriteConfig{RemoveHeader: []string{" a "}}, false, nil, []string{" a "}, nil},
		{"a Host for all, the original for one", RewriteConfig{SetHeader: []string{"Host: x"}}, RewriteConfig{}, true, nil, nil, nil},
		{"a Host for one", RewriteConfig{SetHeader: []string{"Host: x"}}, RewriteConfig{SetHeader: []string{"Host: y"}}, true, []string{"Host: y"}, nil, nil},
	} {
		flags := RewriteConfig{SetHeader: slices.Clone(tt.flags.SetHeader), RemoveHeader: slices.Clone(tt.flags.RemoveHeader), RewritePath: slices.Clone(tt.flags.RewritePath)}
		got := tt.flags.and(tt.own, tt.host)
		if !slices.Equal(got.SetHeader, tt.set) || !slices.Equal(got.RemoveHeader, tt.remove) || !slices.Equal(got.RewritePath, tt.rewritings) {
			t.Errorf("%s: %+v", tt.name, got)
		}
		if !reflect.DeepEqual(flags, RewriteConfig{SetHeader: slices.Clone(tt.flags.SetHeader), RemoveHeader: slices.Clone(tt.flags.RemoveHeader), RewritePath: slices.Clone(tt.flags.RewritePath)}) {
			t.Errorf("%s: what is for all has changed", tt.name)
		}
	}
}

// Each target gets what it asks for, and no other target notices: filters of both
// have to let a request pass, and what is changed for one is for that one.
func TestTargetsApart(t *testing.T) {
	const raw = "%s /v1/users HTTP/1.1\r\nHost: www\r\nCookie: secret\r\n\r\n"
	plain, own := newRecorder(t, okClose), newRecorder(t, okClose)
	cfg, err := fromFlags(t, "--deny-path", "^/admin", "--set-header", "X-All: 1", "-f", "http://"+plain.Addr().String(),
		"-f", "http://"+own.Addr().String()+"|method='GET,HEAD'|remove-header=Cookie|rewrite-path=^/v1:/v2|original-host|set-header=X-Own: {client_port}")
	if err != nil {
		t.Fatal(err)
	}
	f, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	for i, text := range []string{strings.Replace(raw, "%s", "GET", 1), strings.Replace(raw, "%s", "PUT", 1), "GET /admin HTTP/1.1\r\nHost: www\r\n\r\n"} {
		f.Submit(&Request{Conn: uint64(i + 1), Raw: []byte(text)})
	}
	f.Close()
	if err := f.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	a, b := f.Stats()[0], f.Stats()[1]
	if a.Received != 3 || a.Filtered != 1 || a.Answered != 2 || b.Received != 3 || b.Filtered != 2 || b.Answered != 1 {
		t.Errorf("%+v\n%+v", a, b)
	}
	first, second := strings.Join(plain.received(), ""), strings.Join(own.received(), "")
	for _, want := range []string{"GET /v1/users ", "PUT /v1/users ", "Host: " + plain.Addr().String(), "Cookie: secret", "X-All: 1"} {
		if !strings.Contains(first, want) || strings.Contains(first, "X-Own") {
			t.Errorf("the plain target got %q, which lacks %q", first, want)
		}
	}
	const want = "GET /v2/users HTTP/1.1\r\nHost: www\r\nX-Own: unknown\r\nX-All: 1\r\nGor-Replayed: 1\r\n\r\n"
	if second != want {
		t.Errorf("the other got %q, want %q", second, want)
	}
}

// What a target may have of its own it has, and all else is the same for all of them:
// whatever a Config has is one of the two.
func TestOwnAndShared(t *testing.T) {
	shared := map[string]bool{"Targets": true, "Mark": true, "Filter": true, "Compare": true, "Outcome": true, "Logger": true}
	for i := range reflect.TypeFor[Config]().NumField() {
		field := reflect.TypeFor[Config]().Field(i)
		all, own := Config{Concurrency: 1}, Config{Concurrency: 1}
		mark := func(c *Config) bool {
			v := reflect.ValueOf(c).Elem().Field(i)
			switch v.Kind() {
			case reflect.Int, reflect.Int64:
				v.SetInt(77)
			case reflect.Bool:
				v.SetBool(true)
			case reflect.String:
				v.SetString("x")
			case reflect.Pointer:
				v.Set(reflect.New(v.Type().Elem()))
			case reflect.Slice:
				v.Set(reflect.MakeSlice(v.Type(), 1, 1))
			case reflect.Func:
				v.Set(reflect.MakeFunc(v.Type(), func([]reflect.Value) []reflect.Value { return nil }))
			case reflect.Struct:
				for k := range v.NumField() {
					switch f := v.Field(k); f.Kind() {
					case reflect.Bool:
						f.SetBool(true)
					case reflect.Int:
						f.SetInt(77)
					}
				}
			}
			return !v.IsZero()
		}
		if !mark(&all) {
			t.Fatalf("%s: no value for a %s", field.Name, field.Type)
		}
		of, err := all.of(TargetSpec{Own: &own})
		if err != nil {
			t.Fatal(err)
		}
		got := reflect.ValueOf(of).Elem().Field(i)
		same := got.Kind() != reflect.Func && reflect.DeepEqual(got.Interface(), reflect.ValueOf(all).Field(i).Interface()) || got.Kind() == reflect.Func && !got.IsNil()
		if same != shared[field.Name] {
			t.Errorf("%s: a target with settings of its own has that of all: %v", field.Name, same)
		}
	}
}
