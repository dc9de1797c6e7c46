package rule

import (
	"fmt"
	"strings"
)

// Error says why a rule, or a line of another file that rules come with, cannot be used.
type Error struct {
	Pos     Pos
	SID     uint32 // 0: not known
	Enabled bool   // false: the rule is commented out
	Skipped bool   // the rule is sound but not for this program: `requires` asks for what it does not have
	Doubled bool   // the rule is sound but another has its id, or there are too many
	Reason  string
	Text    string // the rule, cut to 1,024 bytes
}

// Error gives file, line, column, id and reason.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Pos.String())
	b.WriteString(": ")
	if e.SID != 0 {
		fmt.Fprintf(&b, "sid %d: ", e.SID)
	}
	b.WriteString(e.Reason)
	return b.String()
}

// String is file:line:column.
func (p Pos) String() string { return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column) }

// fault is an error with its place in the logical line.
type fault struct {
	at     int // offset in the line
	skip   bool
	reason string
}

func (f *fault) Error() string { return f.reason }

// maxText is how much of a faulty rule its error keeps, in bytes.
const maxText = 1024

func cutText(s string) string {
	if len(s) > maxText {
		return strings.Clone(s[:maxText])
	}
	return s
}
