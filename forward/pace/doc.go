// Package pace says when each request of a recording is due: arithmetic alone, no
// clock, no waiting.
//
//	recorded times, one after the other --> Schedule.Next --> time after the start
//
// There are three kinds of pace:
//
//	Speed  the recording's own times, so many times as fast: a request is due at
//	       (its time - the first request's time) / speed after the start
//	Max    as fast as the targets take them: everything is due at once
//	Rate   the recording's sequence without its times: N requests per second, or a
//	       ramp from A to B per second, and B from its end on
//
// What is due when is computed from the start each time, never from the request
// before: an hour of requests that came late moves none of those after them, and no
// error of rounding adds up.
//
// Whatever the times are, requests stay in their order, so a due time is never
// before that of the request before. A recorded time that goes back by up to
// maxBack is that of a request that was overtaken; one that goes back by more is
// that of a clock that was set, or of another recording: from there on the
// recording goes on as if no time had passed in between.
//
// A recording that is played again (NextLoop) begins one usual distance between two
// requests after its last request.
//
// Read pace.go for the arithmetic and parse.go for what people write.
package pace
