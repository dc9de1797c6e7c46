package smb

import (
	"slices"
	"strings"
	"testing"

	"bulwark/wire"
	"bulwark/wire/wiretest"
)

// block1 is one command of a message of SMB 1.
type block1 struct {
	code  Code
	words []byte
	bytes []byte
}

// old makes one message of SMB 1 of a chain of commands, with strings in UTF-16.
func old(answer bool, status Status, uid, tid, mid uint16, chain ...block1) []byte {
	p := make([]byte, smb1HeaderSize)
	copy(p, "\xffSMB")
	p[4] = byte(chain[0].code)
	put32(p, 5, uint32(status))
	if answer {
		p[9] = smb1Reply
	}
	put16(p, 10, smb1NTStatus|smb1Unicode)
	put16(p, 24, tid)
	put16(p, 26, 0x4444)
	put16(p, 28, uid)
	put16(p, 30, mid)
	for i, b := range chain {
		words := slices.Clone(b.words)
		if b.code.chains() && len(words) >= 4 {
			words[0] = byte(codeNone)
			if i+1 < len(chain) {
				words[0] = byte(chain[i+1].code)
				put16(words, 2, uint16(len(p)+3+len(words)+len(b.bytes)))
			}
		}
		p = append(append(p, byte(len(words)/2)), words...)
		p = append(append(p, byte(len(b.bytes)), byte(len(b.bytes)>>8)), b.bytes...)
	}
	return raw(p)
}

// words are the parameters of a block.
func words(size int, set func(w []byte)) []byte {
	w := make([]byte, size)
	if set != nil {
		set(w)
	}
	return w
}

// wide is a zero-ended UTF-16 string.
func wide(s string) []byte { return append(utf16le(s), 0, 0) }

const (
	oldUser = 0x800
	oldTree = 0x801
)

func oldAsk(mid uint16, chain ...block1) wiretest.Chunk {
	return client(old(false, 0, oldUser, oldTree, mid, chain...))
}

func oldAnswer(s Status, mid uint16, chain ...block1) wiretest.Chunk {
	return server(old(true, s, oldUser, oldTree, mid, chain...))
}

// oldCreate opens name; the words are 48 bytes long, so that names begin at an odd place and are padded by one.
func oldCreate(name string, d Disposition, options uint32) block1 {
	text := utf16le(name)
	return block1{codeNTCreateX, words(48, func(w []byte) {
		put16(w, 5, uint16(len(text)))
		put32(w, 15, uint32(ReadData|WriteData))
		put32(w, 35, uint32(d))
		put32(w, 39, options)
	}), append([]byte{0}, text...)}
}

func oldCreated(fid uint16, a Action, size uint64) block1 {
	return block1{codeNTCreateX, words(68, func(w []byte) {
		put16(w, 5, fid)
		put32(w, 7, uint32(a))
		put64(w, 55, size)
	}), nil}
}

func oldRead(fid uint16, n uint16) block1 {
	return block1{codeReadX, words(24, func(w []byte) {
		put16(w, 4, fid)
		put16(w, 10, n)
	}), nil}
}

// oldReadAnswer carries data behind a byte of padding; at is where its block begins.
func oldReadAnswer(at int, data string) block1 {
	return block1{codeReadX, words(24, func(w []byte) {
		put16(w, 10, uint16(len(data)))
		put16(w, 12, uint16(at+1+24+2+1))
	}), append([]byte{0}, data...)}
}

func oldWrite(fid uint16, offset uint32, data string) block1 {
	return block1{codeWriteX, words(28, func(w []byte) {
		put16(w, 4, fid)
		put32(w, 6, offset)
		put16(w, 20, uint16(len(data)))
		put16(w, 22, smb1HeaderSize+1+28+2)
	}), []byte(data)}
}

func oldClose(fid uint16) block1 {
	return block1{codeClose, words(6, func(w []byte) { put16(w, 0, fid) }), nil}
}

func done1(code Code) block1 { return block1{code: code} }

// oldTrans2 is a TRANS2 with its parameters and data.
func oldTrans2(function uint16, params, data []byte) block1 {
	const at = smb1HeaderSize + 1 + 30 + 2 + 3
	return block1{codeTrans2, words(30, func(w []byte) {
		put16(w, 2, uint16(len(data)))
		put16(w, 18, uint16(len(params)))
		put16(w, 20, at)
		put16(w, 22, uint16(len(data)))
		put16(w, 24, uint16(at+len(params)))
		w[26] = 1
		put16(w, 28, function)
	}), slices.Concat([]byte{0, 0, 0}, params, data)}
}

func oldTrans2Answer() block1 { return block1{codeTrans2, words(20, nil), nil} }

func oldPipeCall(fid uint16, data string) block1 {
	const at = smb1HeaderSize + 1 + 32 + 2 + 1 + 14 // behind the name \PIPE\ and its padding
	return block1{codeTrans, words(32, func(w []byte) {
		put16(w, 2, uint16(len(data)))
		put16(w, 22, uint16(len(data)))
		put16(w, 24, at)
		w[26] = 2
		put16(w, 28, transactNmPipe)
		put16(w, 30, fid)
	}), slices.Concat([]byte{0}, wide(`\PIPE\`), []byte(data))}
}

func oldPipeAnswer(data string, displacement, total int) block1 {
	const at = smb1HeaderSize + 1 + 20 + 2 + 1
	return block1{codeTrans, words(20, func(w []byte) {
		put16(w, 2, uint16(total))
		put16(w, 12, uint16(len(data)))
		put16(w, 14, at)
		put16(w, 16, uint16(displacement))
	}), append([]byte{0}, data...)}
}

func oldTreeAsk(path string) block1 {
	return block1{codeTreeConnectX, words(8, func(w []byte) { put16(w, 6, 1) }), // the password is one byte, which aligns the path
		slices.Concat([]byte{0}, wide(path), []byte("?????\x00"))}
}

func oldTreeAnswer(service string) block1 {
	return block1{codeTreeConnectX, words(6, nil), []byte(service + "\x00NTFS\x00")}
}

func TestConversationInSMB1(t *testing.T) {
	tree := `tree 2049 \\files01\radiology FILE STATUS_SUCCESS`
	connect := []wiretest.Chunk{oldAsk(1, oldTreeAsk(`\\files01\radiology`)), oldAnswer(0, 1, oldTreeAnswer("A:"))}
	in := func(more ...wiretest.Chunk) []wiretest.Chunk { return append(slices.Clone(connect), more...) }
	file := `file "\\ct\\1.dcm" FILE_OPEN FILE_OPENED STATUS_SUCCESS tree=\\files01\radiology size=100`
	open := []wiretest.Chunk{oldAsk(2, oldCreate(`\ct\1.dcm`, Open, 0)), oldAnswer(0, 2, oldCreated(7, Opened, 100))}
	closing := []wiretest.Chunk{oldAsk(9, oldClose(7)), oldAnswer(0, 9, done1(codeClose))}
	on := func(more ...wiretest.Chunk) []wiretest.Chunk { return in(slices.Concat(open, more, closing)...) }
	for _, c := range []struct {
		says   string
		chunks []wiretest.Chunk
		want   []string
	}{
		{"a sign-on by challenge names user, domain and systems, and may chain a tree", []wiretest.Chunk{
			client(old(false, 0, 0, 0xffff, 1, block1{codeSessionX, words(26, func(w []byte) { put16(w, 14, 24); put16(w, 16, 24) }),
				slices.Concat(make([]byte, 48), []byte{0}, wide("nurse7"), wide("HOSP"), wide("Windows 5.1"), wide("LAN"))},
				oldTreeAsk(`\\files01\IPC$`))),
			oldAnswer(0, 1, block1{codeSessionX, words(6, nil), slices.Concat([]byte{0}, wide("Unix"), wide("Samba"))}, oldTreeAnswer("IPC")),
		}, []string{`session 0x800 STATUS_SUCCESS NTLM user=nurse7 domain=HOSP scheme=NTLMv1 os=Windows 5.1 lm=LAN serves=Unix with=Samba`,
			`tree 2049 \\files01\IPC$ PIPE STATUS_SUCCESS`, "summary messages=2 smb1=2"}},
		{"a refused sign-on by NTLMSSP says who tried", []wiretest.Chunk{
			client(old(false, 0, oldUser, 0, 1, block1{codeSessionX, words(24, func(w []byte) { put16(w, 14, uint16(len(ntlmAuthenticate("root")))) }),
				slices.Concat(ntlmAuthenticate("root"), []byte{0}, wide("Mac OS X"))})),
			oldAnswer(LogonFailure, 1, done1(codeSessionX)),
		}, []string{"session 0x800 STATUS_LOGON_FAILURE NTLM user=root domain=HOSP host=XRAY01 scheme=NTLMv2 os=Mac OS X", "summary messages=2 smb1=2"}},
		{"what is read and written is counted by file", on(
			oldAsk(3, oldRead(7, 4)), oldAnswer(0, 3, oldReadAnswer(smb1HeaderSize, "DICM")),
			oldAsk(4, oldWrite(7, 4, "abc")), oldAnswer(0, 4, block1{codeWriteX, words(12, nil), nil}),
		), []string{tree, "content to_client of \"\\\\ct\\\\1.dcm\" at 0: 4 bytes, lost=0", "content to_server of \"\\\\ct\\\\1.dcm\" at 4: 3 bytes, lost=0",
			file + " read=4 written=3 reads=1 writes=1", "summary messages=10 smb1=10"}},
		{"a chain opens and reads in one message", in(
			oldAsk(2, oldCreate(`\ct\1.dcm`, Open, 0), oldRead(0, 4)),
			oldAnswer(0, 2, oldCreated(7, Opened, 100), oldReadAnswer(smb1HeaderSize+3+68, "DICM")), closing[0], closing[1],
		), []string{tree, "content to_client of \"\\\\ct\\\\1.dcm\" at 0: 4 bytes, lost=0", file + " read=4 reads=1", "summary messages=6 smb1=6"}},
		{"a refused file is reported at once", in(
			oldAsk(2, oldCreate(`\secret`, Open, 0)), oldAnswer(0xc0000022, 2, done1(codeNTCreateX)),
		), []string{tree, `file "\\secret" FILE_OPEN FILE_SUPERSEDED STATUS_ACCESS_DENIED tree=\\files01\radiology`, "summary messages=4 smb1=4"}},
		{"a file is deleted by its path", in(
			oldAsk(2, block1{codeDelete, words(2, nil), append([]byte{4}, wide(`\old`)...)}), oldAnswer(0, 2, done1(codeDelete)),
		), []string{tree, `file "\\old" FILE_OPEN FILE_SUPERSEDED STATUS_SUCCESS tree=\\files01\radiology deleted=true open`, "summary messages=4 smb1=4"}},
		{"a file is renamed by its path", in(
			oldAsk(2, block1{codeRename, words(2, nil), slices.Concat([]byte{4}, wide(`\old`), []byte{4, 0}, wide(`\new`))}), oldAnswer(0, 2, done1(codeRename)),
		), []string{tree, `file "\\old" FILE_OPEN FILE_SUPERSEDED STATUS_SUCCESS tree=\\files01\radiology renamed=\new open`, "summary messages=4 smb1=4"}},
		{"a directory is made", in(
			oldAsk(2, block1{codeCreateDirectory, nil, append([]byte{4}, wide(`\dir`)...)}), oldAnswer(0, 2, done1(codeCreateDirectory)),
		), []string{tree, `file "\\dir" FILE_CREATE FILE_CREATED STATUS_SUCCESS tree=\\files01\radiology dir=true open`, "summary messages=4 smb1=4"}},
		{"an open file is renamed and goes when it is closed", on(
			oldAsk(3, oldTrans2(setFile, words(6, func(w []byte) { put16(w, 0, 7); put16(w, 2, 1010) }),
				slices.Concat(words(12, func(w []byte) { put32(w, 8, 8) }), utf16le("new2")))), oldAnswer(0, 3, oldTrans2Answer()),
			oldAsk(4, oldTrans2(setFile, words(6, func(w []byte) { put16(w, 0, 7); put16(w, 2, 1013) }), []byte{1})), oldAnswer(0, 4, oldTrans2Answer()),
		), []string{tree, file + " renamed=new2 deleted=true", "summary messages=10 smb1=10"}},
		{"a directory is listed", in(
			oldAsk(3, oldTrans2(findFirst2, append(make([]byte, 12), wide(`\ct\*.dcm`)...), nil)), oldAnswer(0, 3, oldTrans2Answer()),
		), []string{tree, `file "\\ct" FILE_OPEN FILE_SUPERSEDED STATUS_SUCCESS tree=\\files01\radiology lists=1 pattern=*.dcm dir=true open`, "summary messages=4 smb1=4"}},
		{"a call through a pipe is answered in two parts", []wiretest.Chunk{
			oldAsk(1, oldTreeAsk(`\\dc01\IPC$`)), oldAnswer(0, 1, oldTreeAnswer("IPC")),
			oldAsk(2, oldCreate(`\samr`, Open, 0)), oldAnswer(0, 2, oldCreated(7, Opened, 0)),
			oldAsk(3, oldPipeCall(7, "question")), oldAnswer(0, 3, oldPipeAnswer("ans", 0, 6)), oldAnswer(0, 3, oldPipeAnswer("wer", 3, 6)),
		}, []string{`tree 2049 \\dc01\IPC$ PIPE STATUS_SUCCESS`, `content to_server of "\\samr" at 0: 8 bytes, lost=0`,
			`content to_client of "\\samr" at 0: 3 bytes, lost=0`, `content to_client of "\\samr" at 0: 3 bytes, lost=0`,
			`file "\\samr" FILE_OPEN FILE_OPENED STATUS_SUCCESS tree=\\dc01\IPC$ read=6 written=8 calls=1 pipe=true open`, "summary messages=7 smb1=7 open=1"}},
		{"content goes on behind a gap", on(
			client(old(false, 0, oldUser, oldTree, 3, oldWrite(7, 0, strings.Repeat("a", 1000)))[:500]),
			wiretest.Chunk{Dir: wire.ToServer, Lost: 100, Bytes: old(false, 0, oldUser, oldTree, 3, oldWrite(7, 0, strings.Repeat("a", 1000)))[600:]},
			oldAnswer(0, 3, block1{codeWriteX, words(12, nil), nil}),
		), []string{tree, "content to_server of \"\\\\ct\\\\1.dcm\" at 0: 900 bytes, lost=100", file + " written=1000 writes=1", "summary messages=8 smb1=8 gaps=1"}},
		{"an error in DOS's manner is told by its class", []wiretest.Chunk{
			client(dosStyle(old(false, 0, 5, 0, 1, done1(codeLogoffX)))), server(dosStyle(old(true, 0x005b0002, 5, 0, 1, done1(codeLogoffX)))),
		}, []string{"summary messages=2 smb1=2"}},
		{"words that are not all there are malformed", []wiretest.Chunk{client(raw([]byte("\xffSMB\x2e" + strings.Repeat("\x00", 27) + "\x30\x00\x00")))},
			[]string{"summary messages=1 smb1=1 malformed=1"}},
	} {
		var l full
		f := wiretest.Feed[Handler]{T: t, Conversation: new(Conversation), Handler: &l}
		err := f.Play(c.chunks)
		for i, line := range l.lines { // sums are for splits
			if at := strings.Index(line, "bytes, "); at >= 0 {
				l.lines[i] = line[:at+7] + line[strings.Index(line, "lost="):]
			}
		}
		if err != nil || !slices.Equal(l.lines, c.want) {
			t.Errorf("%s: %v\n got %s\nwant %s", c.says, err, strings.Join(l.lines, "\n     "), strings.Join(c.want, "\n     "))
		}
		wiretest.Splits(t, c.chunks, fresh)
	}
}

// dosStyle takes the flag of NTSTATUS away.
func dosStyle(p []byte) []byte {
	put16(p, 4+10, smb1Unicode)
	return p
}

func TestErrorsInDOSStyle(t *testing.T) {
	for _, c := range []struct {
		says   string
		class  byte
		code   uint16
		name   string
		failed bool
	}{
		{"nothing went wrong", 0, 0, "STATUS_SUCCESS", false},
		{"there is more to read", 1, 234, "STATUS_BUFFER_OVERFLOW", false},
		{"an error of DOS", 1, 5, "DOS_ACCESS_DENIED", true},
		{"an error of the server", 2, 91, "SRV_BADUID", true},
		{"an error without a name", 2, 2242, "2242", true},
		{"an error of the hardware", 3, 0x13, "UNKNOWN_03_0013", true},
	} {
		s := dosStatus(c.class, c.code)
		if s.String() != c.name || s.Failed() != c.failed {
			t.Errorf("%s: got %s %v, want %s %v", c.says, s, s.Failed(), c.name, c.failed)
		}
	}
}

func TestSteadyStateInSMB1DoesNotAllocate(t *testing.T) {
	chunks := []wiretest.Chunk{
		oldAsk(2, oldCreate(`\ct\1.dcm`, Open, 0)), oldAnswer(0, 2, oldCreated(7, Opened, 100)),
		oldAsk(3, oldRead(7, 4)), oldAnswer(0, 3, oldReadAnswer(smb1HeaderSize, "DICM")),
		oldAsk(4, oldTrans2(findFirst2, append(make([]byte, 12), wide(`\ct\*`)...), nil)), oldAnswer(0, 4, oldTrans2Answer()),
		oldAsk(9, oldClose(7)), oldAnswer(0, 9, done1(codeClose)),
	}
	var c Conversation
	if got := testing.AllocsPerRun(100, func() {
		for _, x := range chunks {
			feedWhole(t, &c, x.Dir, x.Bytes)
		}
	}); got != 0 {
		t.Errorf("got %v allocations, want 0", got)
	}
}

func FuzzSMB1(f *testing.F) {
	f.Add(old(false, 0, 0, 0, 1, oldCreate("a", Open, 0), oldRead(0, 4)), old(true, 0, 0, 0, 1, oldCreated(1, Opened, 4), oldReadAnswer(103, "abcd")))
	f.Add(old(false, 0, 0, 0, 1, oldTrans2(setPath, make([]byte, 20), make([]byte, 20))), old(true, 0, 0, 0, 1, oldTrans2Answer()))
	f.Add(old(false, 0, 0, 0, 1, oldPipeCall(1, "abcd")), old(true, 0, 0, 0, 1, oldPipeAnswer("ab", 0, 4)))
	f.Add(old(false, 0, 0, 0, 1, block1{codeNTTrans, make([]byte, 46), make([]byte, 80)}), old(true, 0, 0, 0, 1, block1{codeNTTrans, make([]byte, 36), make([]byte, 80)}))
	f.Add(old(false, 0, 0, 0, 1, oldWrite(1, 0, "abcd")), old(true, 5, 0, 0, 1, done1(codeWriteX)))
	f.Fuzz(func(t *testing.T, in, out []byte) {
		half := len(in) / 2
		wiretest.Splits(t, []wiretest.Chunk{client(in), server(out), {Dir: wire.ToServer, Lost: half, Bytes: in[half:]}, client(in), server(out)}, fresh)
	})
}
