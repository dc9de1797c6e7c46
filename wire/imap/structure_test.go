package imap

import (
	"fmt"
	"strings"
	"testing"
)

// shown is what is remembered of messages.
func (p *parts) shown() string {
	var b strings.Builder
	for _, k := range p.list {
		fmt.Fprintf(&b, "%d %s: %d %q\n", k.sequence, k.text[:k.section], k.part.Size, k.part.Head)
	}
	return b.String()
}

const (
	onePart = `("TEXT" "PLAIN" ("CHARSET" "utf-8") NIL NIL "QUOTED-PRINTABLE" 120 4 NIL NIL NIL NIL)`
	onePDF  = `("APPLICATION" "PDF" ("NAME" "a \"b\".pdf") NIL NIL "BASE64" 5000 NIL ("ATTACHMENT" ("FILENAME" "a.pdf")) NIL NIL)`

	headPart = `"Content-Type: text/plain; charset=\"utf-8\"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"`
	headPDF  = `"Content-Type: application/pdf; name=\"a \\\"b\\\".pdf\"\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename=\"a.pdf\"\r\n\r\n"`
)

func TestStructure(t *testing.T) {
	for _, c := range []struct{ does, items, want string }{
		{"a message that is one part", "(BODYSTRUCTURE " + onePart + ")", "1 1: 120 " + headPart + "\n"},
		{"the length of a message", "(UID 7 RFC822.SIZE 4711 FLAGS (\\Seen))", "1 : 4711 \"\"\n"},
		{"parts side by side", `(FLAGS () BODYSTRUCTURE (` + onePart + onePDF + ` "MIXED" ("BOUNDARY" "x") NIL NIL) UID 7)`,
			"1 1: 120 " + headPart + "\n1 2: 5000 " + headPDF + "\n"},
		{"parts within parts", `(BODYSTRUCTURE ((` + onePart + onePart + ` "ALTERNATIVE")` + onePDF + ` "MIXED"))`,
			"1 1.1: 120 " + headPart + "\n1 1.2: 120 " + headPart + "\n1 2: 5000 " + headPDF + "\n"},
		{"a message within a message", `(BODYSTRUCTURE (` + onePart + `("MESSAGE" "RFC822" NIL NIL NIL "7BIT" 900 ("date" "s(" ((NIL NIL "a" "b")) NIL NIL NIL NIL NIL NIL "<1>") (` +
			onePart + onePDF + ` "MIXED") 20) "MIXED"))`,
			"1 1: 120 " + headPart + "\n1 2.1: 120 " + headPart + "\n1 2.2: 5000 " + headPDF + "\n" +
				"1 2: 900 \"Content-Type: message/rfc822\\r\\nContent-Transfer-Encoding: 7bit\\r\\n\\r\\n\"\n"},
		{"one of one part within a message", `(BODYSTRUCTURE ("MESSAGE" "RFC822" NIL NIL NIL "7BIT" 900 NIL ` + onePDF + ` 20))`,
			"1 1.1: 5000 " + headPDF + "\n1 1: 900 \"Content-Type: message/rfc822\\r\\nContent-Transfer-Encoding: 7bit\\r\\n\\r\\n\"\n"},
		{"the short form", `(BODY ("IMAGE" "PNG" ("NAME" "x.png") NIL NIL "BASE64" 88))`,
			"1 1: 88 \"Content-Type: image/png; name=\\\"x.png\\\"\\r\\nContent-Transfer-Encoding: base64\\r\\n\\r\\n\"\n"},
		{"behind a head that was fetched", `(BODY[HEADER.FIELDS (FROM TO)]<0> "x)" BODYSTRUCTURE ` + onePart + `)`, "1 1: 120 " + headPart + "\n"},
		{"an answer that ends early", `(BODYSTRUCTURE (` + onePart + `("APPLICATION" "PDF" ("NAME"`, "1 1: 120 " + headPart + "\n" +
			"1 2: 0 \"Content-Type: application/pdf; name=\\\"\\\"\\r\\nContent-Transfer-Encoding: \\r\\n\\r\\n\"\n"},
		{"what is no list", `(BODYSTRUCTURE NIL BODY "x" FLAGS`, ""},
	} {
		var p parts
		p.items(1, []byte(c.items))
		if got := p.shown(); got != c.want {
			t.Errorf("%s: got\n%swant\n%s", c.does, got, c.want)
		}
	}
}

func TestPartsAreForgotten(t *testing.T) {
	var p parts
	for n := uint64(1); n <= 2*maxParts; n++ {
		p.items(n, []byte("(RFC822.SIZE 9)"))
	}
	if got := len(p.list); got != maxParts {
		t.Errorf("%d parts are remembered, want %d", got, maxParts)
	}
	if p.find(2*maxParts, nil) == nil || p.find(1, nil) != nil {
		t.Error("the oldest is remembered in place of the latest")
	}
	p.expunge(2 * maxParts)
	if p.find(2*maxParts, nil) != nil {
		t.Error("a message that was taken out is remembered")
	}
	p.expunge(1)
	if p.find(2*maxParts-2, nil) == nil {
		t.Error("messages behind one that was taken out do not move up")
	}
}

func FuzzStructure(f *testing.F) {
	f.Add([]byte("(UID 1 BODYSTRUCTURE (" + onePart + onePDF + " \"MIXED\"))"))
	f.Add([]byte(strings.Repeat("(", 3000)))
	f.Fuzz(func(t *testing.T, text []byte) {
		var p parts
		p.items(1, text)
		for _, k := range p.list {
			if len(k.text) > maxHead+maxSection {
				t.Errorf("%d bytes are kept of a part", len(k.text))
			}
		}
	})
}

func TestStructureAllocatesNothing(t *testing.T) {
	var p parts
	text := []byte("(UID 1 RFC822.SIZE 99 BODYSTRUCTURE ((" + onePart + onePDF + " \"ALTERNATIVE\")" + onePDF + " \"MIXED\"))")
	p.items(1, text)
	if n := testing.AllocsPerRun(100, func() { p.items(1, text) }); n != 0 {
		t.Errorf("got %v allocations, want 0", n)
	}
}
