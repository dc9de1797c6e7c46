package multi

// typical is what every network carries: words of requests and answers, of pages, scripts and mail, of names and of a few
// binary protocols.
const typical = "GET / HTTP/1.1\r\nHost: www.example.com\r\nConnection: keep-alive\r\nCache-Control: max-age=0\r\n" +
	"Upgrade-Insecure-Requests: 1\r\nUser-Agent: Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:1.9.2) AppleWebKit/537.36 " +
	"(KHTML, like Gecko) Chrome/90.0.4430.93 Version/4.0 Mobile Safari/537.36 Firefox/3.6 Gecko/20100101\r\n" +
	"User-Agent: Mozilla/4.0 (compatible; MSIE 6.0; MSIE 7.0; MSIE 8.0; Windows NT 5.1; SV1; Trident/4.0; .NET CLR 2.0.50727; " +
	".NET CLR 3.5.30729; InfoPath.2)\r\nUser-Agent: Mozilla/5.0 (X11; U; Linux i686; Ubuntu; Macintosh; Intel Mac OS X; en-US)\r\n" +
	"Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,image/apng,*/*;q=0.8\r\nAccept-Encoding: " +
	"gzip, deflate, br\r\nAccept-Language: en-US,en;q=0.9\r\nAccept-Charset: ISO-8859-1,utf-8;q=0.7,*;q=0.7\r\nReferer: " +
	"http://www.example.com/index.html\r\nReferer: https://www.google.com/search?q=\r\nCookie: JSESSIONID=; PHPSESSID=; id=; " +
	"expires=; path=/; domain=.\r\nContent-Length: 1000\r\nContent-Type: application/x-www-form-urlencoded\r\n\r\n" +
	"POST /index.php?id=1&action=&name=&user=&page=&type=&password= HTTP/1.0\r\nProxy-Connection: Keep-Alive\r\nPragma: no-cache\r\n" +
	"X-Requested-With: XMLHttpRequest\r\nContent-Disposition: form-data; name=\"file\"; filename=\"\r\nOrigin: http\r\n" +
	"HTTP/1.1 200 OK\r\nDate: Mon, 01 Jan 2010 00:00:00 GMT\r\nServer: Apache/2.2 (Unix) PHP/5.3 nginx Microsoft-IIS/7.5\r\n" +
	"Last-Modified: Tue, Wed, Thu, Fri, Sat, Sun, Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec 2011 2012 2020 GMT\r\nETag: \"\r\n" +
	"Accept-Ranges: bytes\r\nVary: Accept-Encoding\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\nSet-Cookie: \r\n" +
	"X-Powered-By: ASP.NET\r\nP3P: CP=\"\r\nX-Cache: MISS from HIT\r\nKeep-Alive: timeout=5, max=100\r\nConnection: close\r\n" +
	"Location: http://Content-Type: text/html; charset=utf-8\r\nContent-Type: application/json\r\nContent-Type: text/plain\r\n" +
	"Content-Type: image/jpeg image/png image/gif\r\nContent-Type: application/octet-stream\r\ntext/css text/javascript " +
	"application/javascript application/x-javascript application/pdf multipart/form-data; boundary=\r\nHTTP/1.1 302 Found " +
	"304 Not Modified 404 Not Found 100 Continue 206 Partial 401 Unauthorized 500 Internal Server Error\r\n" +
	"<!DOCTYPE html PUBLIC \"-//W3C//DTD XHTML 1.0 Transitional//EN\" \"http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd\">\n" +
	"<html xmlns=\"http://www.w3.org/1999/xhtml\"><head><meta http-equiv=\"Content-Type\" content=\"text/html\"><title></title>" +
	"<link rel=\"stylesheet\" type=\"text/css\" href=\"style.css\"><script type=\"text/javascript\" src=\".js\"></script><body " +
	"style=\"\"><div id=\"\" class=\"\"><span><a href=\"\" target=\"_blank\"><img src=\"\" width=\"100\" height=\"100\" border=\"0\" alt=\"\" /></a>" +
	"<table cellpadding=\"0\" cellspacing=\"0\"><tr><td align=\"center\" valign=\"top\"></td></tr></table><br /><p></p><ul><li></li></ul>" +
	"<input type=\"hidden\" name=\"\" value=\"\"><form action=\"\" method=\"post\"><iframe <object classid=\"clsid:<param name=</object>" +
	"</span></div></form></body></html>\n<?xml version=\"1.0\" encoding=\"UTF-8\"?><soap:Envelope><soap:Body>\n" +
	"function(){var a=document.getElementById(\"\");if(typeof window.location!=\"undefined\"){return false;}else{this.length;for(var " +
	"i=0;i<.length;i++)}document.write(unescape(\"%3C%20%2F%3D%22\"));new Array(String.fromCharCode(eval(.replace(/ /g,\"\"))" +
	"new ActiveXObject(setTimeout(null,true);.prototype.split(.substr(.indexOf(.push(.apply(console.log(\n" +
	"font-family:Arial,Helvetica,sans-serif;font-size:12px;color:#fff;color:#000000;background-color:#ffffff;background:url(\n" +
	".com .net .org .info .html .htm .php .asp .aspx .jsp .cgi .js .css .jpg .png .gif .exe .dll .zip .pdf .doc .txt .xml\n" +
	"google.com facebook.com microsoft.com windowsupdate.com amazonaws.com akamai cloudfront.net doubleclick.net googleapis.com " +
	"digicert.com verisign Symantec Class Root Certificate Authority Organization Validation Secure Server CA http://ocsp. http://crl.\n" +
	"/images/ /admin/ /wp-content/plugins/ /wp-includes/ /scripts/ /cgi-bin/ /modules/ /includes/ /components/com_ index.php?option=com_\n" +
	"SELECT * FROM table WHERE id= AND name= UNION INSERT INTO values( UPDATE set DELETE DROP order by\n" +
	"220 smtp ESMTP\r\nEHLO MAIL FROM:<> RCPT TO:<> DATA\r\nReceived: from by with id for ; Message-ID: <@> Subject: From: To: " +
	"MIME-Version: 1.0\r\nContent-Transfer-Encoding: base64 quoted-printable\r\n250 OK 331 USER PASS anonymous 230 QUIT 221 Bye\r\n" +
	"NICK PRIVMSG # JOIN PING PONG OPTIONS sip: SIP/2.0 Via: UDP Call-ID: CSeq: INVITE REGISTER Contact: NOTIFY * M-SEARCH HOST: " +
	"239.255.255.250:1900 ST: upnp:rootdevice MAN: \"ssdp:discover\" MX: SSH-2.0-OpenSSH\r\n" +
	"This program cannot be run in DOS mode.\r\nMicrosoft Windows System32 cmd.exe C:\\Program Files\\Internet Explorer\\ kernel32.dll\n" +
	"the and that have for not with you this but his from they say her she will one all would there their what about which when make " +
	"can like time just him know take people into year your good some could them see other than then now look only come over think " +
	"also back after use two how our work first well way even new want because any these give day most us is are was were been " +
	"MSH|^~\\&|LAB|ADT^A01|ORU^R01|PID|||OBX|1|NM||OBR|PV1|EVN|\r{\"resourceType\":\"Patient\",\"id\":\"\"}\r\n" +
	"1.2.840.10008.1.2.1.1.2.840.10008.5.1.4.1.1\n" +
	"\x00\x00\x00\x01\x00\x01\x00\x00\x00\x00\x00\x00\x03www\x00\x00\x01\x00\x01\xff\xff\xff\xff\x00\x00\x00\x02\x00\x00\x00\x10\x00\x00\x00" +
	"\xffSMB\x00\x00\x00\x00\xfeSMB@\x00\\PIPE\\\x00I\x00P\x00C\x00$\x00W\x00i\x00n\x00d\x00o\x00w\x00s\x00 \x00s\x00e\x00r\x00v\x00e\x00r\x00" +
	"NTLMSSP\x00\x03\x00\x00\x00\x05\x00\x00\x03\x10\x00\x00\x00\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\x00\x05\x00\x0b\x00\x02\x01\x06\x03" +
	"U\x04\x03\x13\x0e0\x0c\x06\x03U\x04\x0a0\x82\x01\x0a\x02\x82\x01\x01\x00*\x86H\x86\xf7\x0d\x01\x01\x05\x05\x00"
