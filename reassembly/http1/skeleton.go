package http1

const MaxMethod = 64

func (m *Message) Head(b []byte, watch string) Verdict { return More }
func (m *Message) Body(b []byte) (n int, v Verdict)    { return len(b), More }
func (m *Message) Gap(n int64) bool                    { return false }
func (m *Message) End() Verdict                        { return More }
func (m *Message) Left() (n int64, known bool)         { return 0, false }
func (m *Message) Method(b []byte) []byte              { return nil }
func (m *Message) Target(b []byte) []byte              { return nil }
func (m *Message) Proto(b []byte) []byte               { return nil }
func (m *Message) Line(b []byte) []byte                { return nil }
func (m *Message) Fields(b []byte) []byte              { return nil }
func StartsRequest(b []byte) bool                      { return false }
func EmptyLines(b []byte) int                          { return 0 }

type FieldKind uint8

const (
	FieldOther FieldKind = iota
	FieldHost
	FieldConnection
	FieldKeepAlive
	FieldProxyConnection
	FieldContentLength
	FieldTransferEncoding
	FieldUpgrade
	FieldTrailer
	FieldExpect
)

type Field struct {
	Line, Name, Value []byte
	Kind              FieldKind
}

func AppendFields(dst []Field, section []byte) []Field          { return dst }
func AppendUnfolded(dst, value []byte) []byte                   { return dst }
func AppendContent(dst, body []byte) (content, trailers []byte) { return dst, nil }
