package astm

import (
	"fmt"
	"strings"

	"bulwark/wire"
	"bulwark/wire/wiretest"
)

// The sessions of these tests are built after the examples that the standards and the interface manuals of makers print
// (LIS1-A §6, LIS2-A2 §8 and annex; Sysmex XN, Abbott ARCHITECT, Cepheid GeneXpert). No capture of a laboratory is public.

// frame is one frame as LIS1-A §6.3 draws it: its checksum is the sum behind STX up to and with ETX or ETB.
func frame(number int, text string, end byte) []byte {
	body := fmt.Sprintf("%d%s%c", number%8, text, end)
	var sum byte
	for i := range len(body) {
		sum += body[i]
	}
	return fmt.Appendf(nil, "%c%s%02X\r\n", stx, body, sum)
}

func says(dir wire.Dir, p ...byte) wiretest.Chunk { return wiretest.Chunk{Dir: dir, Bytes: p} }

// transfer is a whole transfer of dir: a bid, a frame for each record, each acknowledged, and the end.
func transfer(dir wire.Dir, records ...string) []wiretest.Chunk {
	list := []wiretest.Chunk{says(dir, enq), says(dir.Other(), ack)}
	for i, r := range records {
		list = append(list, says(dir, frame(i+1, r+"\r", etx)...), says(dir.Other(), ack))
	}
	return append(list, says(dir, eot))
}

var (
	blood = []string{
		`H|\^&|||XN-550^00-22^11001^^^^BD634545|||||||P|E1394-97|20261122074501`,
		`P|1||4711|0815|DURAND^PAUL||19550203|M`,
		`O|1|2^1^ 8834991^B||^^^^WBC\^^^^RBC\^^^^HGB|R|20261122074400||||N||||||||||||||F`,
		`R|1|^^^^WBC^1|6.85|10*3/uL||N||F||lab||20261122074459|A1`,
		`R|2|^^^^RBC^1|4.69|10*6/uL||N||F||lab||20261122074459|A1`,
		`C|1|I|seen by Dr Martin|G`,
		`L|1|N`,
	}
	query = []string{`H|\^&|77||ARCHITECT^8.10^F3453010030^H1P1O1R1C1Q1L1|||||||P|1|20261122075000`, `Q|1|^8834991||^^^ALL||||||||O`, `L|1|N`}
	order = []string{`H|\^&||secret|LIS|||||ARCHITECT||P|1|20261122075001`, `P|1|PID-9|||MARTIN^ANNE`, `O|1|8834991||^^^16|S||||||A`, `L|1|F`}
)

func join(lists ...[]wiretest.Chunk) []wiretest.Chunk {
	var all []wiretest.Chunk
	for _, l := range lists {
		all = append(all, l...)
	}
	return all
}

type recorder struct{ strings.Builder }

func (r *recorder) Message(dir wire.Dir, m *Message) {
	fmt.Fprintf(r, "%v %s", dir, m.Activity())
	put := func(name string, v ...[]byte) {
		var s []string
		for _, p := range v {
			s = append(s, string(p))
		}
		if all := strings.Join(s, ","); all != "" {
			fmt.Fprintf(r, " %s=%s", name, all)
		}
	}
	put("id", m.ControlID)
	put("from", m.Sender)
	put("to", m.Receiver)
	put("processing", m.Processing)
	put("version", m.Version)
	put("time", m.Time)
	put("patients", m.Patients...)
	put("names", m.Names...)
	put("tests", m.Tests...)
	put("instruments", m.Instruments...)
	put("end", m.Termination)
	fmt.Fprintf(r, " P%d O%d R%d Q%d C%d M%d records=%d bytes=%d frames=%d", m.PatientCount, m.Orders, m.Results, m.Queries, m.Comments,
		m.Makers, m.Records, m.Bytes, m.Frames)
	if m.Repeated+m.BadChecksums > 0 {
		fmt.Fprintf(r, " repeated=%d bad=%d", m.Repeated, m.BadChecksums)
	}
	if m.Password {
		r.WriteString(" password")
	}
	if m.Cut {
		r.WriteString(" cut")
	}
	r.WriteByte('\n')
}

func fresh() (wiretest.Conversation[Handler], Handler, func() string) {
	r := &recorder{}
	return &Conversation{}, r, r.String
}
