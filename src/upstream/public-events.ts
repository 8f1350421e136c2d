/** The event types of the public API. Its helper libraries throw on any other, so only official Codex clients get more. */
const NAMES = `
created queued in_progress completed incomplete failed
output_item.added output_item.done content_part.added content_part.done
output_text.delta output_text.done output_text.annotation.added refusal.delta refusal.done
reasoning_summary_part.added reasoning_summary_part.done reasoning_summary_text.delta reasoning_summary_text.done
reasoning_text.delta reasoning_text.done
function_call_arguments.delta function_call_arguments.done custom_tool_call_input.delta custom_tool_call_input.done
web_search_call.in_progress web_search_call.searching web_search_call.completed
image_generation_call.in_progress image_generation_call.generating image_generation_call.partial_image image_generation_call.completed
file_search_call.in_progress file_search_call.searching file_search_call.completed
code_interpreter_call.in_progress code_interpreter_call.interpreting code_interpreter_call.completed
code_interpreter_call_code.delta code_interpreter_call_code.done
mcp_call.in_progress mcp_call.completed mcp_call.failed mcp_call_arguments.delta mcp_call_arguments.done
mcp_list_tools.in_progress mcp_list_tools.completed mcp_list_tools.failed
audio.delta audio.done audio.transcript.delta audio.transcript.done
`;

export const PUBLIC_EVENTS: ReadonlySet<string> = new Set(
  NAMES.trim()
    .split(/\s+/)
    .map((name) => `response.${name}`),
);
