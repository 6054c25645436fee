package forward

import "gor/reassembly/http1"

// Head is the head of r as target i gets it, with all that is changed on the way, but for cookies (Config.Sessions);
// nil: it cannot be sent. Of r's body nothing has to be there.
func (f *Forwarder) Head(i int, r *Request) []byte {
	var q request
	raw := r.Raw[http1.EmptyLines(r.Raw):]
	if q.head.Head(raw, "") != http1.Whole {
		return nil
	}
	q.takeApart(raw)
	q.peers = peers{client: r.Client, server: r.Server, user: r.user()}
	shape := &f.targets[i].route.shape
	target, err := shape.target(q.target)
	if err != nil {
		return nil
	}
	return shape.appendHead(nil, &q, target)
}
