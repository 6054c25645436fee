package control

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
)

// A Place is a socket that a gor listens at which runs here.
type Place struct {
	Path string
	Self Self
	Err  error // why it does not say who it is: it is another user's
}

// String names a gor for people.
func (p Place) String() string {
	if p.Err != nil {
		return "another user's"
	}
	return fmt.Sprintf("%s, process %d", p.Self.Command, p.Self.PID)
}

// Places are where those can be asked that run here. Where there is none the error says
// what there is.
func Places() ([]Place, error) { return places(folders()) }

func places(folders []string) ([]Place, error) {
	var found []Place
	var hidden []string
	for _, folder := range folders {
		if _, err := os.ReadDir(folder); errors.Is(err, fs.ErrPermission) {
			hidden = append(hidden, folder)
		}
		for _, path := range sockets(folder) {
			if !isStale(path) {
				found = append(found, placeAt(path))
			}
		}
	}
	switch {
	case found != nil:
		return found, nil
	case hidden != nil:
		return nil, fmt.Errorf("%s is another user's: try sudo", strings.Join(hidden, " and "))
	}
	return nil, fmt.Errorf("nothing runs here that can be controlled: there is no socket in %s (--control names another place)", strings.Join(folders, " or "))
}

// placeAt asks who is at a socket.
func placeAt(path string) Place {
	p := Place{Path: path}
	a, err := Ask(path, []string{who})
	if err == nil {
		err = json.Unmarshal(a.Data, &p.Self)
	}
	p.Err = err
	return p
}

// Pick is whom an order is for that does not say it: the only one that may be asked, or
// the only one of the command that the order is for. Otherwise the error lists what may
// be typed.
func Pick(all []Place, words []string) (Place, error) {
	ours := slices.DeleteFunc(slices.Clone(all), func(p Place) bool { return p.Err != nil })
	if len(ours) == 0 {
		return Place{}, all[0].Err
	}
	if of := verbOf(words).Of; len(ours) > 1 && of != "" {
		fit := slices.DeleteFunc(slices.Clone(ours), func(p Place) bool { return p.Self.Command != of })
		if len(fit) > 0 {
			ours = fit
		}
	}
	if len(ours) == 1 {
		return ours[0], nil
	}
	said := fmt.Sprintf("%d run here that may be meant:", len(ours))
	for _, p := range ours {
		said += fmt.Sprintf("\n  gor ctl --control %s %s  # %s", quote(p.Path), quote(words...), p)
	}
	return Place{}, errors.New(said)
}

// quote writes words as a shell takes them.
func quote(words ...string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		plain := func(r rune) bool {
			return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("/.:,%_-+@=", r)
		}
		if quoted[i] = w; w == "" || strings.ContainsFunc(w, func(r rune) bool { return !plain(r) }) {
			quoted[i] = "'" + strings.ReplaceAll(w, "'", `'\''`) + "'"
		}
	}
	return strings.Join(quoted, " ")
}
