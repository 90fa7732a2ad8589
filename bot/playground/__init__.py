"""A Bot API stand-in and a sample day, for trying the bot without a token and for the tests.

    people, tests --control--> state --updates--> the bot
                                 ^                  |
                                 +---- methods <----+ HTTP (server)

    control.py        the people's side: write, press, join, block, kick, migrate, wait
    server.py         the bot's side: `/bot{token}/{method}` over HTTP, on loopback only
    methods.py        the table of Bot API methods; sending, sending_files, copying, editing, ephemeral, drafts, files,
                      marking, about_chats, about_bot and polling hold them
    state.py          users, chats, messages, drafts, presses: what a Telegram would remember
    entities.py       formatted text as Telegram reads it       keyboards.py   reply markup as Telegram reads it
    rich_message.py   rich messages as Telegram reads them: rich_blocks, rich_text; rich_html and rich_markdown become blocks
    markdown_modes.py parse_mode Markdown and MarkdownV2
    limits.py         sizes and rates                           errors.py      refusals as Telegram words them
    sample_day.py     an invented day of papers                 sample_sources.py   the day, served as arXiv and Hugging Face
    cast.py           the people and places of a demo, and its clock   demo.py   a visit, on the page or in the terminal
    page.py           the chat page: who may open it, what it may do   page_feed.py, page_formulas.py   what it is told
    page/             the page itself: HTML, CSS and JavaScript modules as the browser gets them
    terminal.py       the conversation in a terminal

It knows `bot.model` and `bot.errors` at most, and nothing of the bot: the bot meets it over HTTP like the real one.
"""
