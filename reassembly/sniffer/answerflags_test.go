package sniffer

import (
	"io"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"

	"gor/capture"
)

// TestAnswerFlags: the share is one, and what is wrong is said.
func TestAnswerFlags(t *testing.T) {
	for _, tt := range []struct {
		args string
		want AnswerOptions
		fail string
	}{
		{args: ""},
		{args: "--responses 10%", want: AnswerOptions{Share: capture.ShareOf(0.1)}},
		{args: "--responses 0.5%", want: AnswerOptions{Share: capture.ShareOf(0.005)}},
		{args: "--responses 0.00000000001%", want: AnswerOptions{Share: 1}},
		{args: "--responses 100% --response-body 16KiB", want: AnswerOptions{Share: capture.AllConnections, Body: 16 << 10}},
		{args: "--responses 10", fail: `--responses "10": give a share`},
		{args: "--responses 0%", fail: `--responses "0%": give a share`},
		{args: "--responses 101%", fail: `--responses "101%": give a share`},
		{args: "--responses NaN%", fail: `--responses "NaN%": give a share`},
		{args: "--responses %", fail: `--responses "%": give a share`},
		{args: "--responses 1% --response-body 17MiB", fail: `--response-body "17MiB": at most`},
		{args: "--responses 1% --response-body none", fail: `--response-body "none": a size`},
		{args: "--response-body 16KiB", fail: "--response-body is about responses"},
	} {
		t.Run(tt.args, func(t *testing.T) {
			var got AnswerOptions
			app := &cli.App{Writer: io.Discard, ErrWriter: io.Discard, Flags: answerFlags(), ExitErrHandler: func(*cli.Context, error) {},
				Action: func(c *cli.Context) (err error) {
					got, err = answersFromFlags(c)
					return err
				}}
			err := app.Run(append([]string{"gor"}, strings.Fields(tt.args)...))
			if tt.fail != "" {
				if err == nil || !strings.Contains(err.Error(), tt.fail) {
					t.Errorf("%v, want %q", err, tt.fail)
				}
				return
			}
			if err != nil || got != tt.want {
				t.Errorf("%+v, %v, want %+v", got, err, tt.want)
			}
			if f := got.filter(); (f != nil) != got.Wanted() || f != nil && *f != (capture.AnswerFilter{Share: got.Share, Body: got.Body}) {
				t.Errorf("the ring is told %+v", f)
			}
		})
	}
}
