package udpwire

import "errors"

// errWouldBlock is returned by a sendSocket's write when the kernel's send buffer is full.
var errWouldBlock = errors.New("udpwire: send buffer full")
