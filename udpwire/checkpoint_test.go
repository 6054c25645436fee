package udpwire

import "testing"

// TestCheckpoint: of three messages with 60 bytes the second, of 20, is lost.
func TestCheckpoint(t *testing.T) {
	var c checkpoint
	o := order{handle: func(*Message) {}}
	o.deliver(1, 0, &Message{Body: make([]byte, 10)}, false)
	c.set(&heartbeat{messages: 3, bytes: 60}, &o)
	if c.pass(&o); c.lost != 0 || !c.open {
		t.Errorf("passed before all are settled: %+v", c)
	}
	o.deliver(3, 0, &Message{Body: make([]byte, 30)}, false)
	o.deliver(4, 0, &Message{Body: make([]byte, 500)}, false) // behind the checkpoint
	o.settle(3)
	if c.pass(&o); c.lost != 20 || c.open {
		t.Errorf("%+v", c)
	}
}

func TestCheckpointOvertaken(t *testing.T) {
	var c checkpoint
	o := order{handle: func(*Message) {}}
	c.set(&heartbeat{messages: 3, bytes: 60}, &o)
	c.set(&heartbeat{messages: 2, bytes: 50}, &o)
	if c.latest.messages != 3 {
		t.Errorf("older totals are believed: %+v", c.latest)
	}
	c.set(&heartbeat{messages: 5, bytes: 90}, &o)
	if c.messages != 3 || c.latest.messages != 5 {
		t.Errorf("the open one was replaced: %+v", c)
	}
}

func TestCheckpointFinish(t *testing.T) {
	for _, last := range []struct {
		totals heartbeat
		lost   uint64
	}{
		{heartbeat{messages: 2, bytes: 30}, 20},
		{heartbeat{messages: 1, bytes: 30}, 0}, // does not cover all that was seen
		{heartbeat{messages: 2, bytes: 5}, 0},  // less than was handed on
	} {
		c := checkpoint{latest: last.totals}
		o := order{handle: func(*Message) {}}
		o.deliver(2, 0, &Message{Body: make([]byte, 10)}, false)
		if c.finish(&o); c.lost != last.lost {
			t.Errorf("%+v: %d bytes lost", last.totals, c.lost)
		}
	}
}
