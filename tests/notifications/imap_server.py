"""A small IMAP server (RFC 3501): one folder, as much as somebody who reads a mailbox asks for."""

import asyncio
import re


class ImapServer:
    """`mails` by UID; `validity` changes when the mailbox is made anew. `refuses` sign-ins."""

    def __init__(self) -> None:
        self.mails: dict[int, bytes] = {}
        self.validity = 7
        self.refuses = False
        self.port = 0
        self.fetched: list[int] = []
        self.said: list[str] = []
        self._listening: asyncio.Server | None = None

    async def start(self) -> None:
        self._listening = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._listening.sockets[0].getsockname()[1]

    def stop(self) -> None:
        assert self._listening is not None, "it was started"
        self._listening.close()

    def put(self, *mails: bytes) -> None:
        for mail in mails:
            self.mails[max(self.mails, default=0) + 1] = mail

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"* OK ready\r\n")
        while line := (await reader.readline()).decode().strip():
            tag, _, rest = line.partition(" ")
            self.said.append(rest)
            writer.write(self._answer(rest).replace(b"TAG", tag.encode()))
            await writer.drain()
        writer.close()

    def _answer(self, said: str) -> bytes:
        verb = said.split(" ", 1)[0].upper()
        if verb == "CAPABILITY":
            return b"* CAPABILITY IMAP4rev1\r\nTAG OK done\r\n"
        if verb == "LOGIN":
            return b"TAG NO wrong password\r\n" if self.refuses else b"TAG OK done\r\n"
        if verb == "EXAMINE":
            told = f"* {len(self.mails)} EXISTS\r\n* OK [UIDVALIDITY {self.validity}] valid\r\n"
            return told.encode() + b"TAG OK [READ-ONLY] done\r\n"
        if found := re.fullmatch(r"UID SEARCH UID (\d+):\*", said, re.IGNORECASE):
            first, last = int(found[1]), max(self.mails, default=0)
            uids = [uid for uid in self.mails if uid >= min(first, last)]
            return f"* SEARCH {' '.join(map(str, uids))}\r\nTAG OK done\r\n".encode()
        if found := re.match(r"UID FETCH (\d+) \(BODY\.PEEK\[\]<0\.(\d+)>\)", said, re.IGNORECASE):
            uid, most = int(found[1]), int(found[2])
            self.fetched.append(uid)
            raw = self.mails[uid][:most]
            head = f"* {uid} FETCH (UID {uid} BODY[]<0> {{{len(raw)}}}\r\n".encode()
            return head + raw + b")\r\nTAG OK done\r\n"
        return b"TAG BAD what?\r\n"
