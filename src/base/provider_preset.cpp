// SPDX-License-Identifier: MIT
#include <algorithm>
#include <iterator>

#include "tally/provider.hpp"

namespace tally {
inline namespace TALLY_ABI {
namespace {

constexpr auto finish = UsageInStream::finish_chunk;
constexpr auto last = UsageInStream::last_chunk;
constexpr auto every = UsageInStream::every_chunk;
constexpr auto unknown = UsageInStream::unknown;
constexpr auto bearer = KeyHeader::bearer;

// id, name, base URL, key variable, usage in a stream, only if asked for, key header, recordings.
constexpr ProviderPreset presets[] = {
    {"alibaba", "Alibaba DashScope (Qwen)",
     "https://dashscope-intl.aliyuncs.com/compatible-mode/v1", "DASHSCOPE_API_KEY", last, true,
     bearer, 2, "explicit cache: cache writes are counted"},
    {"avian", "Avian", "https://api.avian.io/v1", "AVIAN_API_KEY", finish, false, bearer, 4,
     "states its own cost"},
    {"azure", "Azure OpenAI", "https://{resource}.openai.azure.com/openai/v1",
     "AZURE_OPENAI_API_KEY", last, true, KeyHeader::api_key, 50,
     "the first chunk has no choices either; cached counts may exceed the prompt"},
    {"cerebras", "Cerebras", "https://api.cerebras.ai/v1", "CEREBRAS_API_KEY", finish, false,
     bearer, 3, "none of the recordings is a stream; `reasoning_content` is refused, so not sent"},
    {"deepinfra", "DeepInfra", "https://api.deepinfra.com/v1/openai", "DEEPINFRA_API_KEY", unknown,
     true, bearer, 0, ""},
    {"deepseek", "DeepSeek", "https://api.deepseek.com", "DEEPSEEK_API_KEY", finish, false, bearer,
     36, "states its cache count twice; the two are one"},
    {"fireworks", "Fireworks", "https://api.fireworks.ai/inference/v1", "FIREWORKS_API_KEY", last,
     true, bearer, 0, ""},
    {"gemini", "Google Gemini, compatible endpoint",
     "https://generativelanguage.googleapis.com/v1beta/openai", "GEMINI_API_KEY", every, false,
     bearer, 0,
     "thinking is hidden in the total, and billed as output; signatures of calls go back"},
    {"gpustack", "GPUStack", "http://localhost/v1", "GPUSTACK_API_KEY", finish, false, bearer, 7,
     "no [DONE]"},
    {"groq", "Groq", "https://api.groq.com/openai/v1", "GROQ_API_KEY", finish, false, bearer, 40,
     "up to three copies of usage, one in `x_groq`; errors in mid-stream without [DONE]; "
     "`reasoning_content` is refused, so not sent"},
    {"huggingface", "Hugging Face router", "https://router.huggingface.co/v1", "HF_TOKEN", finish,
     false, bearer, 14, "the upstream decides; [DONE] may be missing"},
    {"llama.cpp", "llama.cpp server", "http://localhost:8080/v1", "", last, true, bearer, 3,
     "error codes may be numbers"},
    {"lmstudio", "LM Studio", "http://localhost:1234/v1", "", unknown, true, bearer, 0, ""},
    {"minimax", "MiniMax", "https://api.minimax.io/v1", "MINIMAX_API_KEY", unknown, true, bearer, 0,
     ""},
    {"mistral", "Mistral", "https://api.mistral.ai/v1", "MISTRAL_API_KEY", finish, false, bearer,
     19,
     "audio tokens stand beside the prompt; errors are `detail` or `message`; "
     "`reasoning_content` is refused, so not sent"},
    {"moonshot", "Moonshot (Kimi)", "https://api.moonshot.ai/v1", "MOONSHOT_API_KEY", finish, false,
     bearer, 0, "usage inside the choice; cached tokens at top level"},
    {"ollama", "Ollama", "http://localhost:11434/v1", "", last, true, bearer, 11,
     "no cache counts; none of the recordings is a stream"},
    {"openai", "OpenAI", "https://api.openai.com/v1", "OPENAI_API_KEY", last, true, bearer, 63,
     "a chunk may follow usage"},
    {"openrouter", "OpenRouter", "https://openrouter.ai/api/v1", "OPENROUTER_API_KEY", last, false,
     bearer, 65,
     "states its own cost; comments while it waits; the chunk of the usage repeats the finish "
     "reason"},
    {"perplexity", "Perplexity", "https://api.perplexity.ai", "PERPLEXITY_API_KEY", every, false,
     bearer, 5, "no [DONE]; searches are billed apart"},
    {"sglang", "SGLang", "http://localhost:30000/v1", "", last, true, bearer, 0,
     "reasoning tokens may stand at top level"},
    {"siliconflow", "SiliconFlow", "https://api.siliconflow.com/v1", "SILICONFLOW_API_KEY", unknown,
     true, bearer, 0, ""},
    {"snowflake", "Snowflake Cortex", "https://{account}.snowflakecomputing.com/api/v2/cortex/v1",
     "SNOWFLAKE_API_KEY", last, true, bearer, 9, ""},
    {"together", "Together", "https://api.together.xyz/v1", "TOGETHER_API_KEY", finish, false,
     bearer, 2, "cached tokens at top level"},
    {"vllm", "vLLM", "http://localhost:8000/v1", "", last, true, bearer, 3,
     "may count up on every chunk"},
    {"volcengine", "Volcengine Ark", "https://ark.cn-beijing.volces.com/api/v3", "ARK_API_KEY",
     unknown, true, bearer, 0, ""},
    {"xai", "xAI", "https://api.x.ai/v1", "XAI_API_KEY", last, false, bearer, 15,
     "reasoning stands beside completion; states its own cost"},
    {"zai", "Z.ai (Zhipu GLM)", "https://api.z.ai/api/paas/v4", "ZAI_API_KEY", finish, false,
     bearer, 10, ""},
};

struct OtherName {
  std::string_view name;
  std::string_view id;
};

constexpr OtherName other_names[] = {
    {"dashscope", "alibaba"},  {"google", "gemini"}, {"grok", "xai"},  {"kimi", "moonshot"},
    {"llamacpp", "llama.cpp"}, {"qwen", "alibaba"},  {"zhipu", "zai"},
};

}  // namespace

ProviderPresets provider_presets() { return {std::begin(presets), std::end(presets)}; }

const ProviderPreset* find_preset(std::string_view id) {
  for (const OtherName& other : other_names) {
    if (other.name == id) id = other.id;
  }
  const auto found = std::find_if(std::begin(presets), std::end(presets),
                                  [id](const ProviderPreset& preset) { return preset.id == id; });
  return found == std::end(presets) ? nullptr : found;
}

}  // namespace TALLY_ABI
}  // namespace tally
