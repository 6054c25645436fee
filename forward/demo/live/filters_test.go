//go:build linux

package live

import (
	"encoding/base64"
	"encoding/json"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// A listed is a line of --json, as far as the filters below are about it.
type listed struct {
	Conn, User, Time, Method, Target string
	Index                            int
	Raw                              []byte
}

// TestFilters: what --json prints goes through programs in any language, and what
// comes out of them is read again: the pipe is gor's way to be scripted. Each filter
// stands here as one would type it.
func TestFilters(t *testing.T) {
	needTools(t, "jq", "python3")
	const requests = 2000
	file := loadFile(t, requests)
	all := piped(t, file, "cat")
	if len(all) != requests {
		t.Fatalf("%d requests of %d", len(all), requests)
	}
	agent := regexp.MustCompile("User-Agent: [^\r]*")
	for _, tt := range []struct {
		name, filter string
		want         func(l listed) (raw string, kept bool)
	}{
		{"grep", `grep '/timeline/[0-4]'`, func(l listed) (string, bool) {
			return string(l.Raw), l.Target[len("/v3/feed/timeline/")] <= '4'
		}},
		{"jq selects", `jq -c 'select(.target | endswith("7"))'`, func(l listed) (string, bool) {
			return string(l.Raw), strings.HasSuffix(l.Target, "7")
		}},
		{"jq changes a header, and prints on several lines", `jq '.raw |= (@base64d | sub("User-Agent: [^\r]*"; "User-Agent: jq") | @base64)'`, func(l listed) (string, bool) {
			return agent.ReplaceAllString(string(l.Raw), "User-Agent: jq"), true
		}},
		{"Python makes another request", `python3 -c '
import base64, json, sys
for line in sys.stdin:
    r = json.loads(line)
    body = json.dumps({"was": r["target"]}).encode()
    r["raw"] = base64.b64encode(b"PUT /new HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)).decode()
    print(json.dumps(r))
'`, func(l listed) (string, bool) {
			body := `{"was": "` + l.Target + `"}`
			return "PUT /new HTTP/1.1\r\nHost: a\r\nContent-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n" + body, true
		}},
		{"head", `head -n 100`, func(l listed) (string, bool) {
			return string(l.Raw), l.Time <= all[99].Time
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := piped(t, file, tt.filter)
			i := 0
			for _, l := range all {
				raw, kept := tt.want(l)
				if !kept {
					continue
				}
				if i == len(got) {
					t.Fatalf("only %d requests", len(got))
				}
				g := got[i]
				if i++; string(g.Raw) != raw || g.Conn != l.Conn || g.User != l.User || g.Index != l.Index || g.Time != l.Time {
					t.Fatalf("%d: got %+v %q\nwant %+v %q", i, g, g.Raw, l, raw)
				}
			}
			if i != len(got) || i == 0 {
				t.Errorf("%d requests, want %d", len(got), i)
			}
		})
	}
}

// piped are the requests of a file behind a filter, in their order.
func piped(t *testing.T, file, filter string) (all []listed) {
	t.Helper()
	const pipe = `"$GOR" listen --read "$FILE" --json 2>/dev/null | `
	cmd := exec.Command("sh", "-c", pipe+filter+` | "$GOR" listen --read - --json`)
	cmd.Env = append(cmd.Environ(), "GOR="+gorBinary(t), "FILE="+file)
	var errs strings.Builder
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil || strings.Contains(errs.String(), "WARN") {
		t.Fatalf("%s: %v: %s", filter, err, errs.String())
	}
	for line := range strings.Lines(string(out)) {
		var l listed
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		all = append(all, l)
	}
	return all
}

// TestFilterSpoils: a filter that changes a body and not its length is told of in
// one line, with the line's number.
func TestFilterSpoils(t *testing.T) {
	lines := strings.Repeat(`{"raw":"`+base64.StdEncoding.EncodeToString([]byte("PUT / HTTP/1.1\r\nContent-Length: 3\r\n\r\nab"))+`"}`+"\n", 5)
	cmd := exec.Command(gorBinary(t), "listen", "--read", "-", "--json")
	cmd.Stdin = strings.NewReader(lines)
	var errs strings.Builder
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if text := errs.String(); err != nil || len(out) > 0 || strings.Count(text, "WARN") != 1 || !strings.Contains(text, "-: line 1: raw is not one whole request (aborted)") || !strings.Contains(text, "aborted=5") {
		t.Errorf("%v, %q: %s", err, out, text)
	}
}
