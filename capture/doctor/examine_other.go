//go:build !linux

package doctor

import (
	"context"
	"net/netip"

	"gor/capture"
)

// A diag cannot be opened here.
type diag struct{}

// A tcpSocket is one as a diag lists it.
type tcpSocket struct {
	local, remote netip.AddrPort
	received      uint64
}

const established = 0

func openDiag() (*diag, error) { return nil, capture.ErrUnsupported }

func (*diag) tcp(uint32, uint16) ([]tcpSocket, error) { return nil, capture.ErrUnsupported }
func (*diag) servers() ([]Server, error)              { return nil, capture.ErrUnsupported }
func (*diag) close()                                  {}

func links([]string) ([]Link, error) { return nil, capture.ErrUnsupported }

// Examine returns capture.ErrUnsupported: live capture works on Linux only.
func Examine(context.Context, Question) (*Scene, error) { return nil, capture.ErrUnsupported }
