package dicom

type uidKind uint8

const (
	sopClass uidKind = iota + 1
	transferSyntax
	otherUID
)

type uidEntry struct {
	uid, name string
	kind      uidKind
}

// SOPClassName is the name of a SOP class, "CT Image Storage"; empty for one that PS3.6 does not list.
func SOPClassName[U string | []byte](uid U) string { return uidName(uid, sopClass) }

// TransferSyntaxName is the name of a transfer syntax, "JPEG Baseline (Process 1)"; empty for one that PS3.6 does not list.
func TransferSyntaxName[U string | []byte](uid U) string { return uidName(uid, transferSyntax) }

func uidName[U string | []byte](uid U, kind uidKind) string {
	if e := findUID(uid); e != nil && e.kind == kind {
		return e.name
	}
	return ""
}

// findUID searches the table by halves.
func findUID[U string | []byte](uid U) *uidEntry {
	low, high := 0, len(uids)
	for low < high {
		mid := int(uint(low+high) / 2)
		switch c := compareUID(uids[mid].uid, uid); {
		case c == 0:
			return &uids[mid]
		case c < 0:
			low = mid + 1
		default:
			high = mid
		}
	}
	return nil
}

func compareUID[U string | []byte](a string, b U) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return int(a[i]) - int(b[i])
		}
	}
	return len(a) - len(b)
}

// names gives strings for UIDs without allocating for those of the table, nor for one that was asked for just before.
type names struct {
	recent [4]string
	next   uint8
}

func (n *names) of(uid []byte) string {
	uid = trim(uid)
	if len(uid) == 0 {
		return ""
	}
	for _, s := range n.recent {
		if s == string(uid) {
			return s
		}
	}
	var s string
	if e := findUID(uid); e != nil {
		s = e.uid
	} else {
		s = string(uid[:min(len(uid), maxUID)])
	}
	n.recent[n.next%uint8(len(n.recent))] = s
	n.next++
	return s
}

// maxUID is the longest UID, in characters (PS3.5 §9.1).
const maxUID = 64

// trim drops the padding of a value: spaces on either side, a NUL behind a UID (PS3.5 §6.2).
func trim(v []byte) []byte {
	for len(v) > 0 && (v[len(v)-1] == ' ' || v[len(v)-1] == 0) {
		v = v[:len(v)-1]
	}
	for len(v) > 0 && v[0] == ' ' {
		v = v[1:]
	}
	return v
}
