package sniffer

import (
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"gor/capture"
	"gor/reassembly/answers"
)

// AnswerOptions are what the command line says about what production's servers
// answer.
type AnswerOptions struct {
	// Share is the part of the connections whose answers are wanted; 0: none are.
	Share capture.Share

	// Body is how many bytes of an answer's content are wanted; 0: heads alone are.
	Body int
}

// maxAnswerBody is the largest --response-body, in bytes.
const maxAnswerBody = 16 << 20

// answerFlags returns the flags that are about answers.
func answerFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "responses", Category: "Responses", Usage: "also capture what is answered on this `SHARE` of the connections, such as 10%: a replay server compares it with what its targets answer", DefaultText: "none"},
		&cli.StringFlag{Name: "response-body", Category: "Responses", Usage: "with --responses: `SIZE` of a response's content to capture", DefaultText: "heads only"},
	}
}

// answersFromFlags reads what answerFlags declares.
func answersFromFlags(c *cli.Context) (o AnswerOptions, err error) {
	if !c.IsSet("responses") {
		if c.IsSet("response-body") {
			return o, usageError("--response-body is about responses: say of how many connections with --responses")
		}
		return o, nil
	}
	s := c.String("responses")
	number, isPercent := strings.CutSuffix(s, "%")
	percent, err := strconv.ParseFloat(number, 64)
	if err != nil || !isPercent || !(percent > 0 && percent <= 100) {
		return o, usageError("--responses %q: give a share above zero, up to 100%%, such as 10%%", s)
	}
	o.Share = max(capture.ShareOf(percent/100), 1)
	if !c.IsSet("response-body") {
		return o, nil
	}
	size, err := sizeFlag(c, "response-body")
	if err == nil && size > maxAnswerBody {
		err = usageError("--response-body %q: at most 16MiB", c.String("response-body"))
	}
	o.Body = int(size)
	return o, err
}

// Wanted reports whether any answers are.
func (o *AnswerOptions) Wanted() bool { return o.Share > 0 }

// Config is what a Sniffer is told of answers that take gets, of a source that is live
// or a recording; nil: none are wanted. memory is what the requests may take: answers
// take an eighth of that at most.
func (o *AnswerOptions) Config(memory int64, live bool, take func(*answers.Answer)) *Answers {
	if !o.Wanted() {
		return nil
	}
	cfg := &Answers{Share: o.Share.Has, Reader: answers.Config{Memory: memory / 8, Body: o.Body}, Take: take}
	if !live && o.Body > 0 { // it is all there
		cfg.Reader.Hash = maxHashed
	}
	return cfg
}

// maxHashed is the longest content of a recorded answer that is hashed, in bytes.
const maxHashed = 1 << 20

// filter is what a ring is told; nil: none are wanted.
func (o *AnswerOptions) filter() *capture.AnswerFilter {
	if !o.Wanted() {
		return nil
	}
	return &capture.AnswerFilter{Share: o.Share, Body: o.Body}
}
