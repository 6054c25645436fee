package replay

import (
	"context"
	"errors"
	"time"

	"github.com/urfave/cli/v2"

	"gor/forward"
	"gor/forward/playback"
	"gor/forward/referee"
	"gor/forward/report"
	"gor/reassembly/sniffer"
	"gor/udpwire"
)

// openRecordings opens everything for requests that come from recordings.
func (r *replayer) openRecordings(c *cli.Context, options sniffer.ReplayOptions, forwarding forward.Config) error {
	if err := udpwire.NoReceiver(c); err != nil {
		return err
	}
	if err := sniffer.NoWrite(c); err != nil {
		return err
	}
	var err error
	if options.Secret, err = udpwire.SecretFromFlags(c, r.log); err != nil {
		return err
	}
	playing, err := playback.FromFlags(c, options.Rereadable())
	if err != nil {
		return err
	}
	judging, err := referee.FromFlags(c, forwarding.Targets, c.IsSet("rate"))
	if err != nil {
		return err
	}
	if r.referee, err = referee.New(judging, &forwarding, true); err != nil {
		return err
	}
	if r.referee.AsksProduction() {
		options.Answer, options.AnswerBody = r.recorded, forward.DefaultKeepBody
	}
	files, err := options.OpenRepeater(c.App.Reader, r.log)
	if err != nil {
		return err
	}
	r.playback, err = playback.Open(c, playing, playback.Recording{
		Where: options.Where(), Progress: files.Progress,
		Read: func(ctx context.Context, take func(forward.Request) error) error {
			return files.Run(ctx, func(q sniffer.Recorded) error {
				return take(forward.Request{
					User: q.User, Crowd: q.Crowd, Conn: q.Conn, Index: q.Index, Time: q.Time, Raw: q.Raw, Client: q.Client, Server: q.Server,
					Compare: q.Answered,
				})
			})
		},
		Accounts: func() []report.Group {
			stats := files.Stats()
			return []report.Group{
				{Name: "requests", Stats: stats.Requests}, {Name: "users", Stats: stats.Users.Counts},
				{Name: "packets", Stats: stats.Packets}, {Name: "read", Stats: files.Files()},
			}
		},
	}, forwarding, r.referee)
	if err != nil {
		return errors.Join(err, files.Close())
	}
	return nil
}

// recorded takes what a recording has of an answer, while it is read.
func (r *replayer) recorded(a sniffer.RecordedAnswer) {
	o := referee.Original{
		Conn: a.Conn, Index: a.Index, Loop: r.playback.Loop(), Missing: a.Missing,
		Head: a.Head, Body: a.Body, BodyLen: a.BodyLen, Whole: a.Whole, Hash: a.Hash, At: a.At,
	}
	if a.Time > 0 {
		o.Took = time.Duration(a.At - a.Time)
	}
	r.referee.Original(&o)
}
