package engine

import (
	"strings"

	"bulwark/event"
	"bulwark/wire"
	"bulwark/wire/tls"
)

// The ports that are registered for DICOM: over TLS (PS3.15 annex B: dicom-tls) and in clear.
const (
	dicomTLS   = 2762
	dicomPort  = 11112
	dicomOld   = 104
	releasePDU = 10 // PS3.8 §9.3.6: an A-RELEASE-RQ and its answer
)

// secured is what a TLS connection shows that may carry DICOM. What is said in it cannot be read.
type secured struct {
	version  tls.Version
	suite    tls.CipherSuite
	sealed   bool // both hellos were seen
	toolkit  bool // the client's fingerprint is that of a DICOM toolkit
	imaging  bool // a certificate names an imaging system
	lengths  tls.Lengths
	followed bool
	told     bool
	text     string // version, as the event of TLS tells it
}

// dcmtkJA4 is the fingerprint of DCMTK 3.6.7 with OpenSSL 3.0 and its default profile, taken on Debian 12.
const dcmtkJA4 = "t13i080900_a811a161fe38_5ac7197df9d2"

// follow asks for the lengths of the records where the client names no protocol by ALPN: no toolkit of DICOM does.
func (s *secured) follow(c *tls.Conversation, hello *tls.ClientHello, before App) {
	s.lengths = tls.Lengths{}
	for range hello.Protocols.All() {
		return
	}
	if before == Unknown {
		s.followed, c.Lengths = true, &s.lengths
	}
}

// associates reports whether the first records have the lengths of an A-ASSOCIATE-RQ and its acceptance (PS3.8 §9.3.2, §9.3.3):
// 74 bytes each, an application context of 25, at least one presentation context and the user information. The answer
// accepts one transfer syntax where the request offers some, so it is never the longer one.
func (s *secured) associates() bool {
	shortest := tls.SealedLength(150, s.version, s.suite)
	l := &s.lengths
	return shortest > 0 && l.Answer >= shortest && l.Request >= l.Answer && l.Request >= tls.SealedLength(180, s.version, s.suite)
}

// releases reports whether the last records of both sides have the length of an A-RELEASE-RQ and its answer.
func (s *secured) releases() bool {
	n := tls.SealedLength(releasePDU, s.version, s.suite)
	return n > 0 && s.lengths.Last == [2]int{n, n} && s.lengths.Records[wire.ToServer] > 2
}

// grade weighs what speaks for DICOM: the reasons and how sure they make; nothing where they do not suffice. A port that is
// registered for DICOM over TLS is enough to say that it is likely; without one the lengths must tell of an association
// from its request to its release.
func (s *secured) grade(port uint16, reasons []string) (string, []string) {
	score := 0
	add := func(yes bool, points int, why string) {
		if yes {
			score += points
			reasons = append(reasons, why)
		}
	}
	add(port == dicomTLS, 4, "port 2762, registered for DICOM over TLS")
	add(port == dicomPort || port == dicomOld, 2, "port registered for DICOM")
	opens, closes := s.followed && s.associates(), s.followed && s.releases()
	add(opens, 1, "first records as long as those of an association")
	add(closes, 2, "last records as long as those of a release")
	add(s.toolkit, 1, "client like a DICOM toolkit")
	add(s.imaging, 1, "certificate names an imaging system")
	switch {
	case port == dicomTLS && opens, score >= 5:
		return "very likely", reasons
	case port == dicomTLS, score >= 4:
		return "likely", reasons
	case score == 3 && opens:
		return "possible", reasons
	}
	return "", reasons
}

// note keeps what the handshake showed.
func (s *secured) note(session *tls.Session, e *event.TLS) {
	s.told, s.text = true, e.Version // the names of versions are constants
	s.toolkit = e.JA4 == dcmtkJA4
	if session.Server != nil {
		s.version, s.suite, s.sealed = session.Server.Version, session.Server.CipherSuite, true
	}
	s.imaging = namesImaging(e.Subject) || namesImaging(e.SNI)
	for _, n := range e.SANs {
		s.imaging = s.imaging || namesImaging(n)
	}
}

// namesImaging reports whether one of the words of a name is that of an imaging system.
func namesImaging(name string) bool {
	for len(name) > 0 {
		letters, n := 0, 0 // of the word, without and with the digits behind it
		for ; n < len(name) && (isLetter(name[n]) || isDigit(name[n])); n++ {
			if isLetter(name[n]) {
				letters = n + 1
			}
		}
		if imagingWord(name[:letters]) {
			return true
		}
		name = name[min(n+1, len(name)):]
	}
	return false
}

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }
func isDigit(c byte) bool  { return '0' <= c && c <= '9' }

func imagingWord(word string) bool {
	var like string
	switch len(word) {
	case len("vna"):
		like = "vna"
	case len("pacs"):
		like = "pacs"
	case len("dicom"):
		like = "dicom"
	case len("orthanc"):
		return strings.EqualFold(word, "orthanc") || strings.EqualFold(word, "imaging")
	case len("dcm4chee"):
		return strings.EqualFold(word, "dcm4chee") || strings.EqualFold(word, "modality")
	case len("radiology"):
		like = "radiology"
	default:
		return false
	}
	return strings.EqualFold(word, like)
}

// secureDICOM reports a connection that probably carries DICOM, when it has ended: why, and how well it is protected.
func (a *tlsApp) secureDICOM() {
	w, s := a.w, &a.secured
	confidence, reasons := a.judge()
	if confidence == "" {
		return
	}
	w.out.dicomClear()
	e := &w.out.dicom
	e.Reasons = reasons
	e.Activity, e.Result, e.Confidence = "Secure Transport", s.text, confidence
	w.emit(a.f, e)
}

// isDICOM reports whether there is something to be told at the end of the connection.
func (a *tlsApp) isDICOM() bool {
	confidence, _ := a.judge()
	return confidence != ""
}

// judge says how sure it is that the connection carries DICOM, and why; "" when it is not.
func (a *tlsApp) judge() (confidence string, reasons []string) {
	w := a.w
	if !a.secured.told {
		return "", nil
	}
	w.header(a.f)
	confidence, w.out.reasons = a.secured.grade(w.head.Ports.Dst, w.out.reasons[:0])
	return confidence, w.out.reasons
}
