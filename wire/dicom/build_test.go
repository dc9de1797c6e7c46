package dicom

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"bulwark/wire"
	"bulwark/wire/wiretest"
)

// recorder writes what it is told as text.
type recorder struct{ strings.Builder }

func (r *recorder) Association(a *Association) {
	fmt.Fprintf(r, "%v %s>%s", a.State, a.CallingAE, a.CalledAE)
	if a.Midstream {
		r.WriteString(" midstream")
	}
	if a.State == Accepted {
		r.negotiation(a)
		return
	}
	if o := a.Outcome(); o != "" {
		fmt.Fprintf(r, ": %s, %v", o, a.Ender)
	}
	for op, n := range a.Operations {
		if n != (Count{}) {
			fmt.Fprintf(r, " %v=%d/%d/%d", Operation(op), n.Requests, n.Failed, n.Unanswered)
		}
	}
	fmt.Fprintf(r, " stored=%d studies=%d series=%d sub=%d matches=%d bytes=%v", a.Stored, a.Studies, a.Series, a.SubOperations, a.Matches, a.Bytes)
	if a.Cut {
		r.WriteString(" cut")
	}
	r.WriteString("\n")
}

func (r *recorder) negotiation(a *Association) {
	fmt.Fprintf(r, " %s\n", a.ApplicationContext)
	for _, u := range [...]User{a.Requestor, a.Acceptor} {
		fmt.Fprintf(r, "  pdu=%d %s %s window=%v %d/%d roles=%v extended=%d\n",
			u.MaxPDU, u.ImplementationUID, u.ImplementationVersion, u.Window, u.Invoked, u.Performed, u.Roles, u.Extended)
	}
	if a.Identity != 0 {
		fmt.Fprintf(r, "  identity=%v\n", a.Identity)
	}
	for _, pc := range a.Contexts {
		fmt.Fprintf(r, "  %d %s %v result=%d %s\n", pc.ID, pc.AbstractSyntax, pc.Proposed, pc.Result, pc.TransferSyntax)
	}
}

func (r *recorder) Command(c *Command) {
	fmt.Fprintf(r, "%v %v %d %s %s", c.Dir, c.Operation, c.MessageID, SOPClassName(c.SOPClass), c.SOPInstance)
	if len(c.Destination)+len(c.Originator) > 0 {
		fmt.Fprintf(r, " to=%s for=%s/%d", c.Destination, c.Originator, c.OriginatorID)
	}
	fmt.Fprintf(r, " answered=%v %04X pending=%d sub=%d/%d/%d/%d bytes=%d/%d", c.Answered, uint16(c.Status), c.Pending,
		c.Remaining, c.Completed, c.Failed, c.Warning, c.RequestBytes, c.ResponseBytes)
	if c.Cancelled {
		r.WriteString(" cancelled")
	}
	for i, tag := range kept {
		if v := *c.Data.field(i); len(v) > 0 {
			fmt.Fprintf(r, " %v=%s", tag, v)
		}
	}
	for _, k := range c.Data.Keys {
		fmt.Fprintf(r, " %v:%d", k.Tag, k.Match)
	}
	if c.Data.Cut {
		r.WriteString(" cut")
	}
	r.WriteString("\n")
}

func fresh() (wiretest.Conversation[Handler], Handler, func() string) {
	r := &recorder{}
	return &Conversation{}, r, r.String
}

const (
	implicitLE = "1.2.840.10008.1.2"
	explicitLE = "1.2.840.10008.1.2.1"
	deflatedLE = "1.2.840.10008.1.2.1.99"
	explicitBE = "1.2.840.10008.1.2.2"
	ctStorage  = "1.2.840.10008.5.1.4.1.1.2"
	studyFind  = "1.2.840.10008.5.1.4.1.2.2.1"
	studyMove  = "1.2.840.10008.5.1.4.1.2.2.2"
	verify     = "1.2.840.10008.1.1"
)

func pdu(kind byte, body ...[]byte) []byte {
	b := bytes.Join(body, nil)
	return append(binary.BigEndian.AppendUint32([]byte{kind, 0}, uint32(len(b))), b...)
}

func item(kind byte, body ...[]byte) []byte {
	b := bytes.Join(body, nil)
	return append(binary.BigEndian.AppendUint16([]byte{kind, 0}, uint16(len(b))), b...)
}

func text(s string) []byte { return []byte(s) }

func fixed(called, calling string) []byte {
	return fmt.Appendf(nil, "\x00\x01\x00\x00%-16s%-16s%s", called, calling, make([]byte, 32))
}

func proposed(id byte, class string, syntaxes ...string) []byte {
	body := [][]byte{{id, 0, 0, 0}, item(abstractSyntax, text(class))}
	for _, s := range syntaxes {
		body = append(body, item(transferSyntaxItem, text(s)))
	}
	return item(proposedContext, body...)
}

func answered(id, result byte, syntax string) []byte {
	return item(answeredContext, []byte{id, 0, result, 0}, item(transferSyntaxItem, text(syntax)))
}

func user(items ...[]byte) []byte {
	return item(userInformation, append([][]byte{item(maximumLength, []byte{0, 0, 0x40, 0}), item(implementationUID, text("1.2.276.0.7230010.3.0.3.6.7")),
		item(implementationVersion, text("OFFIS_DCMTK_367"))}, items...)...)
}

// opening is an association that proposes and accepts three contexts: 1 in syntax for CT, 3 for queries, 5 refused.
func opening(syntax string) []wiretest.Chunk {
	return []wiretest.Chunk{
		{Dir: wire.ToServer, Bytes: pdu(associateRQ, fixed("PACS1", "CT_ROOM1"), item(applicationContext, text("1.2.840.10008.3.1.1.1")),
			proposed(1, ctStorage, implicitLE, syntax), proposed(3, studyFind, implicitLE), proposed(5, "1.2.3.4", explicitLE), user())},
		{Dir: wire.ToClient, Bytes: pdu(associateAC, fixed("", ""), item(applicationContext, text("1.2.840.10008.3.1.1.1")),
			answered(1, 0, syntax), answered(3, 0, implicitLE), answered(5, 3, ""), user())},
	}
}

func closing() []wiretest.Chunk {
	return []wiretest.Chunk{{Dir: wire.ToServer, Bytes: pdu(releaseRQ, make([]byte, 4))}, {Dir: wire.ToClient, Bytes: pdu(releaseRP, make([]byte, 4))}}
}

// command is a command set; the values of elements are numbers or strings.
func command(elements ...any) []byte {
	var b []byte
	for i := 0; i < len(elements); i += 2 {
		var v []byte
		switch x := elements[i+1].(type) {
		case int:
			v = binary.LittleEndian.AppendUint16(nil, uint16(x))
		case string:
			if v = text(x); len(v)%2 == 1 {
				v = append(v, 0)
			}
		}
		b = binary.LittleEndian.AppendUint16(append(b, 0, 0), uint16(elements[i].(int)))
		b = append(binary.LittleEndian.AppendUint32(b, uint32(len(v))), v...)
	}
	head := binary.LittleEndian.AppendUint32([]byte{0, 0, 0, 0, 4, 0, 0, 0}, uint32(len(b)))
	return append(head, b...)
}

// message is a command set and perhaps a data set, each in fragments of size bytes, in one PDU each.
func message(context byte, size int, command, data []byte) []byte {
	out := fragments(context, 1, size, command)
	if data != nil {
		out = append(out, fragments(context, 0, size, data)...)
	}
	return out
}

func fragments(context, control byte, size int, p []byte) []byte {
	var out []byte
	for {
		n := min(size, len(p))
		last := byte(0)
		if n == len(p) {
			last = 2
		}
		pdv := append(binary.BigEndian.AppendUint32(nil, uint32(n+2)), context, control|last)
		out = append(out, pdu(pData, pdv, p[:n])...)
		if p = p[n:]; last != 0 {
			return out
		}
	}
}

// element writes an element of a data set.
func element(e encoding, tag Tag, vr, value string) []byte {
	if len(value)%2 == 1 {
		value += " "
	}
	return append(header(e, tag, vr, uint32(len(value))), value...)
}

func header(e encoding, tag Tag, vr string, n uint32) []byte {
	var order binary.AppendByteOrder = binary.LittleEndian
	if e.big {
		order = binary.BigEndian
	}
	b := order.AppendUint16(order.AppendUint16(nil, uint16(tag>>16)), uint16(tag))
	switch {
	case !e.explicit || tag>>16 == 0xFFFE:
		return order.AppendUint32(b, n)
	case strings.Contains("OB OW SQ UN UT", vr):
		return order.AppendUint32(append(b, vr[0], vr[1], 0, 0), n)
	}
	return order.AppendUint16(append(b, vr...), uint16(n))
}

// object is a data set as a CT makes it, with sequences of both kinds before and between what is kept, and pixels.
func object(syntax string, instance, pixels int) []byte {
	e := encodingOf(syntax)
	plain := encoding{}
	parts := [][]byte{
		element(e, 0x0008_0000, "UL", "\x00\x00\x00\x00"),
		element(e, SpecificCharacterSet, "CS", "ISO_IR 100"),
		element(e, SOPClassUID, "UI", ctStorage),
		element(e, SOPInstanceUID, "UI", fmt.Sprintf("1.2.3.%d\x00", instance)),
		element(e, Modality, "CS", "CT"),
		element(e, Manufacturer, "LO", "GE MEDICAL SYSTEMS"),
		element(e, InstitutionName, "LO", "Hosp"),
		header(e, 0x0008_1032, "SQ", undefined),
		header(e, itemTag, "", undefined),
		element(e, Modality, "CS", "XX"), // inside a sequence: not the object's
		header(e, 0x0008_1199, "SQ", undefined), header(e, itemTag, "", 8), text("12345678"), header(e, sequenceDelims, "", 0),
		header(e, itemDelimiter, "", 0),
		header(e, sequenceDelims, "", 0),
		element(e, ManufacturerModelName, "LO", "Revolution EVO"),
		element(e, 0x0008_1140, "SQ", string(header(e, itemTag, "", 4))+"abcd"),
	}
	if e.explicit && !e.big {
		parts = append(parts, header(e, 0x0009_1001, "UN", undefined), header(plain, itemTag, "", undefined),
			element(plain, 0x0009_1002, "", "1234567890"), header(plain, itemDelimiter, "", 0), header(plain, sequenceDelims, "", 0))
	}
	parts = append(parts,
		element(e, PatientName, "PN", "TEST^PATIENT0"), element(e, PatientID, "LO", "PID0001"), element(e, IssuerOfPatientID, "LO", "HOSP"),
		element(e, DeviceSerialNumber, "LO", "SN-4711-0"), element(e, SoftwareVersions, "LO", "1.0\\2.0"),
		element(e, StudyInstanceUID, "UI", "1.2.3.100"), element(e, SeriesInstanceUID, "UI", "1.2.3.100.1"),
		element(e, 0x0028_0010, "US", "\x00\x02"), header(e, 0x7FE0_0010, "OW", uint32(pixels)), bytes.Repeat([]byte{4, 0, 7}, pixels/3+1)[:pixels])
	b := bytes.Join(parts, nil)
	if e.deflated {
		var packed bytes.Buffer
		w, _ := flate.NewWriter(&packed, 9)
		w.Write(b)
		w.Close()
		b = packed.Bytes()
	}
	return b
}

func store(id, instance int) []byte {
	return command(affectedClass, ctStorage, commandFieldTag, 1, messageID, id, dataSetType, 1, affectedObject, fmt.Sprintf("1.2.3.%d", instance))
}

func stored(id, instance, status int) []byte {
	return command(affectedClass, ctStorage, commandFieldTag, 0x8001, respondedTo, id, dataSetType, noDataSet, statusTag, status,
		affectedObject, fmt.Sprintf("1.2.3.%d", instance))
}

func play(t *testing.T, chunks []wiretest.Chunk) string {
	t.Helper()
	r := &recorder{}
	f := wiretest.Feed[Handler]{T: t, Conversation: &Conversation{}, Handler: r}
	if err := f.Play(chunks); err != nil {
		fmt.Fprintf(r, "error: %v\n", err)
	}
	return r.String()
}
